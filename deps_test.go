// Package orthweb's only test holds the shape of the program: which package may
// import what, each rule with its reason.
package orthweb

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

// rule keeps an import, and all below it, to a few packages.
type rule struct {
	imported string
	// only may import it; none may when empty.
	only []string
	why  string
}

var rules = []rule{
	{module + "pkg/plugin", []string{"cmd/kubectl-orthweb", "internal/screen", "e2e"}, "the command line stands on everything; nothing stands on it"},
	{"github.com/spf13/", []string{"pkg/plugin"}, "only the command line knows of flags"},
	{"k8s.io/kubectl", []string{"pkg/plugin", "internal/english"}, "kubectl's library is for command lines"},
	{"k8s.io/cli-runtime", []string{"pkg/plugin", "cmd/kubectl-orthweb", "internal/screen", "e2e"}, "only the command line knows of terminals and kubeconfigs"},
	{"k8s.io/client-go", []string{"pkg/request", "pkg/collect", "pkg/issuance", "pkg/change", "pkg/tunnel", "cmd/kubectl-orthweb"}, "only collecting, having things signed, changes and tunnels talk to a cluster, so that everything else can be replayed"},
	{module + "pkg/issuance", []string{"pkg/plugin"}, "only the command line changes anything in a cluster"},
	{module + "pkg/change", []string{"pkg/plugin"}, "only the command line changes anything in a cluster"},
	{module + "pkg/operate", []string{"pkg/plugin", "pkg/render"}, "what is done to a tenant is the user's to say"},
	{module + "pkg/collect", []string{"pkg/plugin"}, "reasoning reads snapshots, wherever they come from"},
	{module + "pkg/request", []string{"pkg/collect", "pkg/issuance", "pkg/change", "pkg/tunnel", "pkg/plugin"}, "others do not talk to a cluster"},
	{module + "pkg/fluxmsg", []string{"pkg/diagnose", "pkg/render"}, "whoever wants to know what a message means asks for the cause"},
	{"github.com/cert-manager/", []string{"pkg/certs", "pkg/issuance", "pkg/plugin"}, "cert-manager's types are for who talks to it; others read objects"},
	{module + "pkg/tunnel", []string{"pkg/plugin"}, "only who was asked to connects to a pod"},
	{module + "pkg/validate", []string{"pkg/plugin", "pkg/render", "pkg/send"}, "validating connects to tenants; only the command line may start it"},
	{module + "pkg/dicom", []string{"pkg/validate", "pkg/send", "pkg/plugin", "bench"}, "only who was asked to speaks DICOM with a tenant"},
	{module + "pkg/files", []string{"pkg/plugin"}, "only the command line writes files of the user's"},
	{module + "pkg/probe", []string{"pkg/plugin", "pkg/validate"}, "only who was asked to connects to a tenant"},
	{module + "pkg/hosts", []string{"pkg/plugin", "pkg/render"}, "only the command line touches the hosts file"},
	{module + "lab", nil, "the product works without the lab"},
	{module + "internal/script", []string{"pkg/plugin", "e2e"}, "it is for tests"},
	{module + "internal/fakeapi", nil, "it is for tests"},
	{module + "internal/reliability", nil, "it is for tests"},
	{module + "internal/planted", nil, "it is for tests"},
}

// pure packages reason: the same snapshot gives the same answer, whatever the
// machine, the network and the hour.
var pure = map[string]string{
	"pkg/escape": "it is a leaf", "pkg/finding": "it is a leaf", "pkg/field": "it is a leaf", "pkg/api/v1alpha1": "it is a leaf",
	"pkg/snapshot": "a snapshot is a value; whoever has the file opens it",
	"pkg/health":   "a verdict depends on the snapshot alone",
	"pkg/tenant":   "who owns what depends on the snapshot alone",
	"pkg/fluxmsg":  "a message says the same to everybody",
	"pkg/diagnose": "a cause depends on the snapshot alone",
	"pkg/operate":  "what to ask, and what came of it, depends on the snapshot and the objects alone",
	"pkg/render":   "the same model gives the same bytes",
	"pkg/certs":    "bytes in, bytes out; only keys and serial numbers are random",
	"pkg/trust":    "who vouches for whom depends on the snapshot and the certificates alone",
}

// words are packages below net that read addresses and open nothing.
var words = map[string]bool{"net/url": true, "net/netip": true, "net/mail": true}

// spoken are packages with "net" in their imports for crypto/x509's sake, whose
// addresses are net.IPs.
var spoken = map[string]bool{"pkg/certs": true, "pkg/trust": true}

func TestImports(t *testing.T) {
	seen := map[string]bool{}
	for file, imports := range productImports(t) {
		home := filepath.ToSlash(filepath.Dir(file))
		test := strings.HasSuffix(file, "_test.go")
		for _, imported := range imports {
			seen[imported] = true
			for _, r := range rules {
				if within(imported, r.imported) && !test && !contains(r.only, home) && !within(module+home, r.imported) {
					t.Errorf("%s imports %s: %s", file, imported, r.why)
				}
			}
			if why, ok := pure[home]; ok && !test && (within(imported, "os") || within(imported, "net") && !words[imported] && (imported != "net" || !spoken[home])) {
				t.Errorf("%s imports %s: %s", file, imported, why)
			}
		}
	}
	for _, r := range rules {
		if len(r.only) > 0 && !anyWithin(seen, r.imported) {
			t.Errorf("the rule for %s guards nothing any more", r.imported)
		}
	}
}

// TestRenderAbbreviates: render shortens messages, and does not read them.
func TestRenderAbbreviates(t *testing.T) {
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
		t.Errorf("pkg/render uses fluxmsg.%s: whoever wants to know what a message means asks for the cause", name)
	}
}

// TestPureAskNoClock looks for the calls that an import rule can't catch.
func TestPureAskNoClock(t *testing.T) {
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

// productImports are the imports of every Go file of the product's module.
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
		t.Fatalf("reading the imports of %d files: %v", len(found), err)
	}
	return found
}
