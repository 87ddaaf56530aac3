package repotest

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/digihunch/kubectl-orthweb/"

// rule restricts the import of a package, and of all packages below it.
type rule struct {
	imported string
	// only are the directories whose packages may import it. If it is empty, only
	// tests may.
	only []string
	why  string
}

var rules = []rule{
	{module + "pkg/plugin", []string{"cmd/kubectl-orthweb", "internal/screen", "e2e"}, "the command line depends on every package; no package depends on it"},
	{"github.com/spf13/", []string{"pkg/plugin"}, "only the command line has flags"},
	{"k8s.io/kubectl", []string{"pkg/plugin", "internal/english"}, "kubectl's library is for command lines"},
	{"k8s.io/cli-runtime", []string{"pkg/plugin", "cmd/kubectl-orthweb", "internal/screen", "e2e"}, "only the command line uses terminals and kubeconfigs"},
	{"k8s.io/client-go", []string{"pkg/request", "pkg/collect", "pkg/issuance", "pkg/change", "pkg/tunnel", "cmd/kubectl-orthweb"}, "only these connect to a cluster, so that everything else works on a recorded snapshot"},
	{module + "pkg/issuance", []string{"pkg/plugin"}, "only the command line changes a cluster"},
	{module + "pkg/change", []string{"pkg/plugin"}, "only the command line changes a cluster"},
	{module + "pkg/operate", []string{"pkg/plugin", "pkg/render"}, "only the user decides what is done to a tenant"},
	{module + "pkg/collect", []string{"pkg/plugin"}, "reasoning reads snapshots, live or recorded"},
	{module + "pkg/request", []string{"pkg/collect", "pkg/issuance", "pkg/change", "pkg/tunnel", "pkg/plugin"}, "other packages do not connect to a cluster"},
	{module + "pkg/fluxmsg", []string{"pkg/diagnose", "pkg/render"}, "other packages read the cause, not the message"},
	{"github.com/cert-manager/", []string{"pkg/certs", "pkg/issuance", "pkg/plugin"}, "only these create cert-manager's objects; other packages read unstructured objects"},
	{module + "pkg/tunnel", []string{"pkg/plugin"}, "only the command line opens a tunnel to a pod"},
	{module + "pkg/validate", []string{"pkg/plugin", "pkg/render", "pkg/send"}, "validating connects to tenants; only the command line starts it"},
	{module + "pkg/dicom", []string{"pkg/validate", "pkg/send", "pkg/plugin", "bench"}, "only these connect to a tenant's DICOM port"},
	{module + "pkg/files", []string{"pkg/plugin"}, "only the command line writes the user's files"},
	{module + "pkg/probe", []string{"pkg/plugin", "pkg/validate"}, "only these connect to a tenant"},
	{module + "pkg/hosts", []string{"pkg/plugin", "pkg/render"}, "only the command line changes the hosts file"},
	{module + "lab", nil, "the product does not depend on the lab"},
	{module + "internal/script", []string{"pkg/plugin", "e2e"}, "only tests use it"},
	{module + "internal/fakeapi", nil, "only tests use it"},
	{module + "internal/reliability", nil, "only tests use it"},
	{module + "internal/planted", nil, "only tests use it"},
}

// pure are the packages whose results depend on their input alone, not on the machine,
// the network or the time, each with the reason.
var pure = map[string]string{
	"pkg/escape": "it depends on no other package", "pkg/finding": "it depends on no other package", "pkg/field": "it depends on no other package", "pkg/api/v1alpha1": "it depends on no other package",
	"pkg/snapshot": "a snapshot is a value; its callers read and write files",
	"pkg/health":   "a verdict depends on the snapshot alone",
	"pkg/tenant":   "a tenant depends on the snapshot alone",
	"pkg/fluxmsg":  "what a message means depends on the message alone",
	"pkg/diagnose": "a cause depends on the snapshot alone",
	"pkg/operate":  "a request and its result depend on the snapshot and the objects alone",
	"pkg/render":   "its output depends on the model alone",
	"pkg/certs":    "its output depends on its input alone, except for random keys and serial numbers",
	"pkg/trust":    "trust depends on the snapshot and the certificates alone",
}

// addressPackages parse addresses and open no connection.
var addressPackages = map[string]bool{"net/url": true, "net/netip": true, "net/mail": true}

// netImporters may import "net", because the addresses of crypto/x509 are net.IPs.
var netImporters = map[string]bool{"pkg/certs": true, "pkg/trust": true}

// TestImports checks every import of the product against the rules.
func TestImports(t *testing.T) {
	inRoot(t)
	seen := map[string]bool{}
	for file, imports := range productImports(t) {
		home := filepath.ToSlash(filepath.Dir(file))
		test := strings.HasSuffix(file, "_test.go")
		for _, imported := range imports {
			seen[imported] = true
			for _, r := range rules {
				if within(imported, r.imported) && !test && !withinAny(home, r.only) && !within(module+home, r.imported) {
					t.Errorf("%s imports %s: %s", file, imported, r.why)
				}
			}
			if why, ok := pure[home]; ok && !test && (within(imported, "os") || within(imported, "net") && !addressPackages[imported] && (imported != "net" || !netImporters[home])) {
				t.Errorf("%s imports %s: %s", file, imported, why)
			}
		}
	}
	for _, r := range rules {
		if len(r.only) > 0 && !anyWithin(seen, r.imported) {
			t.Errorf("the rule for %s is obsolete: no package imports it", r.imported)
		}
	}
}

// TestRenderAbbreviates checks that render shortens messages and does not parse them.
func TestRenderAbbreviates(t *testing.T) {
	inRoot(t)
	files, err := filepath.Glob("pkg/render/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	used := map[string]bool{}
	for _, file := range files {
		for _, name := range regexp.MustCompile(`\bfluxmsg\.(\w+)`).FindAllStringSubmatch(read(t, file), -1) {
			used[name[1]] = true
		}
	}
	delete(used, "Abbreviate")
	delete(used, "AbbreviateRevision")
	for name := range used {
		t.Errorf("pkg/render uses fluxmsg.%s: it must read the cause, not the message", name)
	}
}

// TestPurePackagesReadNoClock finds the calls that an import rule cannot.
func TestPurePackagesReadNoClock(t *testing.T) {
	inRoot(t)
	for home, why := range pure {
		files, err := filepath.Glob(filepath.Join(filepath.FromSlash(home), "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s has no files: %v", home, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			for _, call := range []string{"time.Now(", "time.Since(", "time.Until("} {
				if strings.Contains(read(t, file), call) {
					t.Errorf("%s calls %s): %s", file, call, why)
				}
			}
		}
	}
}

// productImports returns the imports of every Go file of the product's module.
func productImports(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (path == "lab" || path == "tools" || path == ".git" || entry.Name() == "testdata") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			found[path] = append(found[path], imported)
		}
		return nil
	})
	if err != nil || len(found) == 0 {
		t.Fatalf("read the imports of %d files: %v", len(found), err)
	}
	return found
}
