package plugin

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// diffTree is a tree that the objects of diffServer were applied from.
const diffTree = `
-- fluxcd/flux-system/gotk-sync.yaml --
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: flux-system, namespace: flux-system}
spec: {path: ./fluxcd, prune: true, sourceRef: {kind: GitRepository, name: flux-system}}
-- fluxcd/bhs.yaml --
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: bhs-application, namespace: flux-system}
spec:
  path: ./bhs
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
  postBuild:
    substituteFrom: [{kind: Secret, name: passwords}]
-- bhs/bhs.yaml --
apiVersion: v1
kind: Namespace
metadata: {name: bhs-orthweb}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: orthanc, namespace: bhs-orthweb}
data: {a: "1", word: "${word}"}
`

// diffServer serves the cluster of diffTree.
func diffServer(t *testing.T) *fakeapi.Server {
	t.Helper()
	owner := "labels: {kustomize.toolkit.fluxcd.io/name: OWNER, kustomize.toolkit.fluxcd.io/namespace: flux-system}"
	documents, err := tree.Parse("live.yaml", []byte(strings.NewReplacer("ROOT", strings.Replace(owner, "OWNER", "flux-system", 1), "LAYER", strings.Replace(owner, "OWNER", "bhs-application", 1)).Replace(`
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: flux-system, namespace: flux-system, ROOT}
spec: {path: ./fluxcd, prune: true, sourceRef: {kind: GitRepository, name: flux-system}}
status: {inventory: {entries: [{id: flux-system_flux-system_kustomize.toolkit.fluxcd.io_Kustomization, v: v1}]}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: bhs-application, namespace: flux-system, ROOT}
spec:
  path: ./bhs
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
  postBuild:
    substituteFrom: [{kind: Secret, name: passwords}]
status: {inventory: {entries: [{id: bhs-orthweb_orthanc__ConfigMap, v: v1}, {id: bhs-orthweb_old__ConfigMap, v: v1}]}}
---
apiVersion: v1
kind: Secret
metadata: {name: passwords, namespace: flux-system}
data: {word: c2VjcmV0LXdvcmQ=}
---
apiVersion: v1
kind: Namespace
metadata: {name: flux-system}
---
apiVersion: v1
kind: Namespace
metadata: {name: bhs-orthweb, LAYER}
spec: {}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: orthanc, namespace: bhs-orthweb, LAYER}
data: {a: "1", word: secret-word}
`)))
	if err != nil {
		t.Fatal(err)
	}
	api := fakeapi.New(t)
	for _, d := range documents {
		api.Put(&unstructured.Unstructured{Object: d.Object})
	}
	return api
}

func TestDiffWithServer(t *testing.T) {
	old := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "old", "namespace": "bhs-orthweb", "labels": map[string]any{
			"kustomize.toolkit.fluxcd.io/name": "bhs-application", "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
		}},
	}}
	for _, test := range []struct {
		name, args string
		files      string
		change     func(*fakeapi.Server)
		code       command.Exit
		want       []string // regular expressions
	}{
		{"same", "", "", func(*fakeapi.Server) {}, command.Yes, []string{`^Compared 2 layers of fluxcd/flux-system: 4 unchanged\.$`}},
		{"changed", "", "-- bhs/bhs.yaml --\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: orthanc, namespace: bhs-orthweb}\ndata: {a: '2', word: 'another ${word}'}\n", func(*fakeapi.Server) {}, command.No, []string{
			`^  Changed    ConfigMap bhs-orthweb/orthanc$`, `^\+  a: "2"$`, `^\+  word: another \*\*\*$`,
		}},
		{"pruned", "", "", func(api *fakeapi.Server) { api.Put(old) }, command.No, []string{`^  Pruned     ConfigMap bhs-orthweb/old: layer bhs-application no longer has it$`}},
		{"no permission to read what is pruned", "", "", func(api *fakeapi.Server) { api.Put(old); api.Deny("configmaps") }, command.Unclear, []string{
			`^  Unknown    ConfigMap bhs-orthweb/old: layer bhs-application no longer has it, but it could not be read: forbidden: cannot get configmaps in namespace "bhs-orthweb"$`,
		}},
		{"no permission to patch", "", "", func(api *fakeapi.Server) {
			api.Fail("/configmaps/orthanc$", fakeapi.After(1, fakeapi.Status(http.StatusForbidden, "Forbidden", `configmaps "orthanc" is forbidden: User "ann" cannot patch resource "configmaps" in API group "" in the namespace "bhs-orthweb"`)))
		}, command.Unclear, []string{`^  Unknown    ConfigMap bhs-orthweb/orthanc: forbidden: cannot patch configmaps in namespace "bhs-orthweb"$`, `^Request the missing permissions `}},
		{"no permission to read variables", "", "", func(api *fakeapi.Server) { api.Deny("secrets") }, command.Unclear, []string{
			`^  Unknown    ConfigMap bhs-orthweb/orthanc: the value of the variable word of spec.postBuild is not known$`,
		}},
		{"an answer that breaks off", "", "", func(api *fakeapi.Server) { api.Fail("/namespaces/bhs-orthweb$", fakeapi.Truncate(20)) }, command.Unclear, []string{
			`^  Unknown    Namespace bhs-orthweb: the answer is truncated after 20 bytes$`,
		}},
		{"another object than the requested", "", "", func(api *fakeapi.Server) {
			api.Fail("/namespaces/bhs-orthweb$", fakeapi.JSON(`{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"x"}}`))
		}, command.Unclear, []string{`^  Unknown    Namespace bhs-orthweb: the answer is Namespace x, not bhs-orthweb$`}},
		{"no answer in time", "--request-timeout=300ms", "", func(api *fakeapi.Server) { api.Fail("/configmaps/orthanc$", fakeapi.Hang()) }, command.Unclear, []string{
			`^  Unknown    ConfigMap bhs-orthweb/orthanc: the API server did not answer in time$`,
		}},
		{"a tenant", "bhs", "", func(*fakeapi.Server) {}, command.Yes, []string{`^Compared [12] layers`}},
		{"no such tenant", "mhr", "", func(*fakeapi.Server) {}, command.Unclear, []string{`^error: tenant "mhr" does not exist$`}},
		{"no Kustomizations", "", "", func(api *fakeapi.Server) { api.Deny("kustomizations.kustomize.toolkit.fluxcd.io") }, command.Unclear, []string{
			`^error: the cluster's Kustomizations could not be read: forbidden: cannot list kustomizations`, "orthweb-viewer",
		}},
		{"another cluster", "", "", func(api *fakeapi.Server) {
			for _, name := range []string{"flux-system", "bhs-application"} {
				gone := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": map[string]any{"name": name, "namespace": "flux-system"}}}
				api.Delete(gone)
			}
		}, command.Unclear, []string{`^error: the cluster has no Kustomization of the repository$`, `--path: fluxcd/flux-system\.`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			api := diffServer(t)
			test.change(api)
			dir := t.TempDir()
			for _, file := range append(txtar.Parse([]byte(diffTree)).Files, txtar.Parse([]byte(test.files)).Files...) {
				name := filepath.Join(dir, filepath.FromSlash(file.Name))
				if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(name, file.Data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			var out bytes.Buffer
			streams := genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &out}
			args := append(strings.Fields("kubectl-orthweb diff "+test.args), "--repo="+dir, "--server="+api.URL)
			if code := Run(t.Context(), args, streams); code != int(test.code) {
				t.Errorf("exit status %d, want %d:\n%s", code, test.code, &out)
			}
			for _, want := range test.want {
				if !regexp.MustCompile("(?m)" + want).Match(out.Bytes()) {
					t.Errorf("no %q in:\n%s", want, &out)
				}
			}
			if bytes.Contains(out.Bytes(), []byte("secret-word")) {
				t.Errorf("a secret in:\n%s", &out)
			}
			for _, r := range api.Requests() {
				if r.Method != http.MethodGet && !(r.Method == http.MethodPatch && strings.Contains(r.Query, "dryRun=All") && strings.Contains(r.Query, "fieldManager=kustomize-controller") && strings.Contains(r.Query, "force=true")) {
					t.Errorf("%s %s?%s", r.Method, r.Path, r.Query)
				}
			}
		})
	}
}
