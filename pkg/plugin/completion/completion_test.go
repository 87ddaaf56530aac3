package completion

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/explain"
)

func TestArgsOf(t *testing.T) {
	for _, c := range []struct {
		about      string
		argv, want []string
	}{
		{"by its own name", []string{"/a/kubectl-orthweb", "status"}, []string{"status"}},
		{"as kubectl asks for completions", []string{"/a/kubectl_complete-orthweb", "status", ""}, []string{"__complete", "status", ""}},
		{"the same on Windows", []string{"kubectl_complete-orthweb.exe", ""}, []string{"__complete", ""}},
		{"by a name of the user's", []string{"ow"}, []string{}},
		{"by none", nil, nil},
	} {
		if got := Arguments(c.argv); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.about, got, c.want)
		}
	}
}

func TestCompleter(t *testing.T) {
	for _, c := range []struct{ goos, name, line string }{
		{"linux", "kubectl_complete-orthweb", `exec kubectl-orthweb __complete "$@" 2>/dev/null`},
		{"darwin", "kubectl_complete-orthweb", `exec kubectl-orthweb __complete "$@" 2>/dev/null`},
		{"windows", "kubectl_complete-orthweb.cmd", `@kubectl-orthweb __complete %* 2>NUL`},
	} {
		name, content := completer(c.goos)
		if name != c.name || !strings.Contains(content, c.line) {
			t.Errorf("%s: %s has %q", c.goos, name, content)
		}
	}
}

func TestInstallCompleterReplacesNothing(t *testing.T) {
	dir := t.TempDir()
	path, err := installCompleter(dir)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm()&0o111 == 0 {
		t.Errorf("can't be run: %v %v", info, err)
	}
	if _, err := installCompleter(dir); err != nil {
		t.Errorf("a second time: %v", err)
	}
	if err := os.WriteFile(path, []byte("mine"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := installCompleter(dir); err == nil || !strings.Contains(err.Error(), "already exists") {
		t.Errorf("over another program: %v", err)
	}
	if there, _ := os.ReadFile(path); string(there) != "mine" {
		t.Errorf("it was replaced by %q", there)
	}
	if _, err := installCompleter(filepath.Join(dir, "none")); err == nil {
		t.Error("a directory that does not exist was written to")
	}
}

func TestInstallCompleterKeepsAPackagesLink(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, programName), []byte("the plugin"), 0o755); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, CompleterName)
	if err := os.Symlink(programName, link); err != nil {
		t.Fatal(err)
	}
	if _, err := installCompleter(dir); err != nil {
		t.Error(err)
	}
	if to, err := os.Readlink(link); to != programName {
		t.Errorf("the link is %q now (%v)", to, err)
	}
}

func TestShortKind(t *testing.T) {
	for kind, want := range map[string]string{
		"Kustomization": "ks", "GitRepository": "gitrepo", "Deployment": "deploy",
		"Certificate": "cert", "VirtualService": "vs", "ClusterIssuer": "clusterissuer",
	} {
		if got := explain.ShortKind(kind); got != want {
			t.Errorf("%s: %q, want %q", kind, got, want)
		}
	}
}
