package plugin

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/digihunch/kubectl-orthweb/internal/remotetest"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

// remoteTree writes a tree whose layer has a remote base of a server.
func remoteTree(t *testing.T, s *remotetest.Server, base string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"fluxcd/flux-system/gotk-sync.yaml": "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: flux-system, namespace: flux-system}\nspec: {path: ./fluxcd, prune: true, sourceRef: {kind: GitRepository, name: flux-system}}\n",
		"fluxcd/bhs.yaml":                   "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: bhs-application, namespace: flux-system}\nspec: {path: ./bhs, prune: true, sourceRef: {kind: GitRepository, name: flux-system}}\n",
		"bhs/kustomization.yaml":            "resources:\n- own.yaml\n- " + s.URL + base + "\n",
		"bhs/own.yaml":                      "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: own\n  namespace: bhs-orthweb\n",
	} {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// runRemote runs a command, and returns its output and exit status.
func runRemote(ctx context.Context, args ...string) (string, command.Exit) {
	var out bytes.Buffer
	code := Run(ctx, append([]string{"kubectl-orthweb"}, args...), genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &out})
	return out.String(), command.Exit(code)
}

func TestLintWithRemote(t *testing.T) {
	s := remotetest.New(t)
	s.Repository("org/base", map[string]string{
		"a/kustomization.yaml": "resources: [budget.yaml, claim.yaml]\n",
		"a/claim.yaml":         "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: images, namespace: bhs-orthweb}\n",
		"a/budget.yaml":        "# many\n# lines\n# before\napiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata: {name: orthanc, namespace: bhs-orthweb}\nspec: {maxUnavailable: 1}\n",
	})
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	dir := remoteTree(t, s, "/org/base//a?ref=main")
	only := "--only=removed-api,not-buildable,prunes-data"
	out, code := runRemote(t.Context(), "lint", dir, only)
	if code != command.Unclear || len(s.Requests()) > 0 || !strings.Contains(out, "--allow-remote=127.0.0.1\n") {
		t.Errorf("without the flag: exit status %d, %d requests:\n%s", code, len(s.Requests()), out)
	}
	out, code = runRemote(t.Context(), "lint", dir, only, "--allow-remote=127.0.0.1", "-o", "github")
	if code != command.No || !strings.Contains(out, "file=bhs/kustomization.yaml,line=3,col=3") || !strings.Contains(out, "PodDisruptionBudget bhs-orthweb/orthanc") || strings.Contains(out, "budget.yaml") {
		t.Errorf("exit status %d:\n%s", code, out)
	}
	out, code = runRemote(t.Context(), "lint", dir, only, "--allow-remote=*", "--fix", "--yes")
	if code != command.No || !strings.Contains(out, "Fixed 1 of 3 findings in 1 file.") {
		t.Errorf("--fix: exit status %d:\n%s", code, out)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "bhs/kustomization.yaml")); !strings.HasSuffix(string(text), "/org/base//a?ref=main\n") {
		t.Errorf("the reference is changed: %s, %v", text, err)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

func TestLintWithFailedRemote(t *testing.T) {
	s := remotetest.New(t)
	dir := remoteTree(t, s, "/org/gone?ref=v1")
	out, code := runRemote(t.Context(), "lint", dir, "--only=removed-api,not-buildable,missing-file", "--allow-remote=127.0.0.1")
	if code != command.Unclear || !strings.Contains(out, "bhs/kustomization.yaml:3:3: "+s.URL+"/org/gone?ref=v1 was not downloaded: as a file: the server answered 404 Not Found; as a Git repository: git fetch failed: ") {
		t.Errorf("exit status %d:\n%s", code, out)
	}
	s.Mux.HandleFunc("/silent/", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	dir = remoteTree(t, s, "/silent/base")
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(500*time.Millisecond, cancel)
	start := time.Now()
	if out, code = runRemote(ctx, "lint", dir, "--allow-remote=127.0.0.1"); code != command.Interrupted || time.Since(start) > 5*time.Second {
		t.Errorf("exit status %d after %v:\n%s", code, time.Since(start), out)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

func TestDiffWithRemote(t *testing.T) {
	s := remotetest.New(t)
	s.Repository("org/base", map[string]string{"kustomization.yaml": "resources: [a.yaml]\n", "a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: from-base, namespace: bhs-orthweb}\n"})
	dir := remoteTree(t, s, "/org/base")
	if err := os.WriteFile(filepath.Join(dir, "bhs/own.yaml"), []byte("apiVersion: v1\nkind: Namespace\nmetadata: {name: bhs-orthweb}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	api := diffServer(t)
	out, code := runRemote(t.Context(), "diff", "--repo="+dir, "--server="+api.URL)
	if code != command.Unclear || len(s.Requests()) > 0 || !strings.Contains(out, "To download the remote references: kubectl-orthweb diff --allow-remote=127.0.0.1\n") {
		t.Errorf("without the flag: exit status %d, %d requests:\n%s", code, len(s.Requests()), out)
	}
	out, code = runRemote(t.Context(), "diff", "--repo="+dir, "--server="+api.URL, "--allow-remote=127.0.0.1")
	if code != command.No || !strings.Contains(out, "Added      ConfigMap bhs-orthweb/from-base\n") {
		t.Errorf("exit status %d:\n%s", code, out)
	}
	if out, code = runRemote(t.Context(), "diff", "--repo="+dir, "--allow-remote=a/b"); code != command.Unclear || !strings.Contains(out, "is not a host name") {
		t.Errorf("exit status %d:\n%s", code, out)
	}
}
