package repotest

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
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
	{"github.com/spf13/", []string{"pkg/plugin"}, "only the command line has flags"},
	{"k8s.io/kubectl", []string{"pkg/plugin", "internal/english"}, "kubectl's library is for command lines"},
	{"k8s.io/cli-runtime", []string{"pkg/plugin", "cmd/kubectl-orthweb", "internal/screen", "e2e"}, "only the command line uses kubeconfigs"},
	{"golang.org/x/term", []string{"pkg/plugin", "pkg/render/term"}, "only the command line prompts, and only term measures a terminal"},
	{"k8s.io/client-go", []string{"pkg/kube", "cmd/kubectl-orthweb", "bench/reading"}, "only these connect to a cluster, so that everything else works on a recorded snapshot"},
	{module + "pkg/kube/patch", []string{"pkg/operate/execute", "pkg/plugin"}, "only the user decides what is changed in a cluster"},
	{module + "pkg/kube/issuance", []string{"pkg/certs/issue", "pkg/plugin", "pkg/validate/target"}, "only the user decides what is changed in a cluster"},
	{module + "pkg/operate", []string{"pkg/plugin", "pkg/render"}, "only the user decides what is done to a tenant"},
	{module + "pkg/message", []string{"pkg/diagnose", "pkg/render", "pkg/diff", "internal/parsecheck"}, "other packages read the cause, not the message"},
	{"github.com/cert-manager/", []string{"pkg/certs", "pkg/kube/issuance"}, "only these create cert-manager's objects; other packages read unstructured objects"},
	{"github.com/fluxcd/flux2", []string{"pkg/bootstrap"}, "only bootstrap generates manifests of Flux"},
	{module + "pkg/validate", []string{"pkg/plugin", "pkg/render", "internal/samples", "internal/checktest", "bench"}, "validating connects to tenants; only the command line starts it"},
	{module + "pkg/dicom", []string{"pkg/validate", "pkg/plugin", "bench"}, "only these connect to a tenant's DICOM port"},
	{module + "pkg/hosts", []string{"pkg/plugin", "pkg/render"}, "only the command line changes the hosts file"},
	{module + "pkg/scaffold", []string{"pkg/plugin", "pkg/render"}, "only the command line changes a GitOps repository"},
	{module + "pkg/ui", []string{"pkg/plugin"}, "only the command line draws on a terminal"},
	{module + "pkg/mcp", []string{"pkg/plugin"}, "only the command line starts a server"},
	{"github.com/modelcontextprotocol/", []string{"pkg/mcp"}, "only the server of tools needs it"},
	{"github.com/google/jsonschema-go", []string{"pkg/mcp"}, "only the server of tools needs it"},
	{"charm.land/", []string{"pkg/ui"}, "only the terminal application needs it"},
	{"github.com/prometheus/", []string{"pkg/plugin/exporter"}, "only the exporter serves metrics"},
	{"github.com/charmbracelet/", []string{"pkg/ui"}, "only the terminal application needs it"},
	{module + "lab", nil, "the product does not depend on the lab"},
	{module + "internal/script", []string{"pkg/plugin", "e2e"}, "only tests use it"},
	{module + "internal/fakeapi", []string{"internal/copies"}, "only tests use it"},
	{module + "internal/reliability", nil, "only tests use it"},
	{module + "internal/planted", nil, "only tests use it"},
	{module + "internal/checktest", nil, "only tests use it"},
	{module + "internal/samples", nil, "only tests use it"},
	{module + "internal/watched", nil, "only tests use it"},
	{module + "internal/octets", nil, "only tests use it"},
	{module + "internal/remotetest", nil, "only tests use it"},
	{module + "internal/parsecheck", nil, "only tests use it"},
	{module + "internal/copies", nil, "only tests use it"},
}

// layers are all packages of the product, the lowest first. A package imports only those of
// earlier lines, so those of one line do not import each other. docs/architecture.md lists
// them in the same order.
var layers = []string{
	"pkg/object",
	"pkg/escape pkg/similar pkg/image",
	"pkg/finding",
	"pkg/schema",
	"pkg/schema/lifecycle",
	"pkg/advice",
	"pkg/atomicfile",
	"pkg/redact/sensitive",
	"pkg/redact/mask",
	"pkg/redact",
	"examples",
	"pkg/flux/release",
	"pkg/snapshot",
	"pkg/snapshot/decode",
	"pkg/snapshot/file pkg/snapshot/manifest",
	"pkg/snapshot/recording",
	"pkg/health",
	"pkg/tenant",
	"pkg/tenant/selection pkg/tenant/address",
	"pkg/clusters",
	"pkg/events pkg/dashboard pkg/logs",
	"pkg/message/match",
	"pkg/message/apierror pkg/message/healthcheck pkg/message/kubelet",
	"pkg/message/helm",
	"pkg/message",
	"pkg/kube/request",
	"pkg/kube/collect pkg/kube/patch pkg/kube/dryrun pkg/kube/issuance pkg/kube/portforward pkg/kube/configmap pkg/kube/podlogs pkg/kube/access pkg/kube/kubeconfig",
	"pkg/kube/queries pkg/kube/watch",
	"pkg/diagnose/engine",
	"pkg/diagnose/selfreport pkg/diagnose/flux",
	"pkg/diagnose/pods",
	"pkg/diagnose/traffic",
	"pkg/diagnose/refusal",
	"pkg/diagnose/kustomize pkg/diagnose/helm pkg/diagnose/source pkg/diagnose/workload pkg/diagnose/pod pkg/diagnose/node pkg/diagnose/pki pkg/diagnose/istio pkg/diagnose/network pkg/diagnose/apiserver pkg/diagnose/deletion",
	"pkg/diagnose",
	"pkg/explain pkg/metrics",
	"pkg/certs",
	"pkg/certs/trust",
	"pkg/report",
	"pkg/certs/probe pkg/certs/issue",
	"pkg/dicom/part10",
	"pkg/dicom",
	"pkg/dicom/transfer",
	"pkg/orthanc",
	"pkg/validate/check",
	"pkg/validate/endpoint pkg/validate/web",
	"pkg/validate",
	"pkg/validate/files pkg/validate/target",
	"pkg/hosts",
	"pkg/hosts/entries",
	"pkg/operate",
	"pkg/operate/execute",
	"pkg/check",
	"pkg/bootstrap",
	"pkg/tree",
	"pkg/tree/remote pkg/tree/artifact",
	"pkg/tree/source pkg/tree/variable pkg/tree/edit",
	"pkg/tree/kustomize pkg/tree/origin pkg/tree/chart",
	"pkg/tree/build",
	"pkg/tree/cluster",
	"pkg/lint/rule",
	"pkg/lint/flux pkg/lint/api pkg/lint/workload pkg/lint/secret pkg/lint/mesh pkg/lint/pki",
	"pkg/lint",
	"pkg/explain/repository",
	"pkg/diff",
	"pkg/diff/execute",
	"pkg/scaffold/compare",
	"pkg/scaffold/rewrite",
	"pkg/scaffold",
	"pkg/api/v1alpha1",
	"pkg/render/term pkg/render/versioned",
	"pkg/render/logline pkg/render/comparison",
	"pkg/render",
	"pkg/render/eventlist pkg/render/lintreport pkg/render/graph",
	"pkg/render/document",
	"pkg/ui pkg/mcp",
	"pkg/plugin/command",
	"pkg/plugin/fleet",
	"pkg/plugin/status pkg/plugin/explain pkg/plugin/validate pkg/plugin/check pkg/plugin/events pkg/plugin/exporter pkg/plugin/logs pkg/plugin/diff pkg/plugin/operate pkg/plugin/cert pkg/plugin/hosts pkg/plugin/report pkg/plugin/dashboard pkg/plugin/snapshot pkg/plugin/lint pkg/plugin/tenant pkg/plugin/bootstrap pkg/plugin/version pkg/plugin/completion pkg/plugin/ui pkg/plugin/mcp",
	"internal/english",
	"pkg/plugin",
	"cmd/kubectl-orthweb",
}

// pure are the packages whose results depend on their input alone, not on the machine,
// the network or the time, each with the reason. It includes the packages below them, except
// for those in impure.
var pure = map[string]string{
	"pkg/object": "it is a leaf", "pkg/escape": "it is a leaf", "pkg/image": "it is a leaf", "pkg/finding": "it is a leaf", "pkg/api/v1alpha1": "it is a leaf",
	"pkg/schema":    "whether an object is valid depends on the object and the schemas alone",
	"pkg/redact":    "what is redacted depends on the object alone",
	"pkg/snapshot":  "a snapshot is a value; its callers read and write files",
	"pkg/health":    "a verdict depends on the snapshot alone",
	"pkg/tenant":    "a tenant depends on the snapshot alone",
	"pkg/events":    "a tenant's events depend on the snapshot alone",
	"pkg/dashboard": "an address depends on the snapshot alone",
	"pkg/logs":      "what a line contains depends on the line alone",
	"pkg/metrics":   "samples depend on the snapshot and the state of the exporter alone",
	"pkg/message":   "what a message means depends on the message alone",
	"pkg/flux":      "facts about releases are in the program",
	"pkg/diagnose":  "a cause depends on the snapshot alone",
	"pkg/report":    "a report depends on the snapshots and their explanations alone",
	"pkg/check":     "a result depends on the snapshot, the versions and the permissions alone",
	"pkg/diff":      "a report depends on the tree, the snapshot and the answers alone",
	"pkg/operate":   "a request and its result depend on the snapshot and the objects alone",
	"pkg/scaffold":  "a change of files depends on the tree alone",
	"pkg/render":    "its output depends on the model alone",
	"pkg/certs":     "its output depends on its input alone, except for random keys and serial numbers",
}

// impure are packages below pure ones that have input or output.
var impure = []string{"pkg/snapshot/recording", "pkg/tenant/address", "pkg/operate/execute", "pkg/diff/execute", "pkg/render/term", "pkg/certs/probe", "pkg/certs/issue"}

// reasonOfPure returns why a package must be pure, and whether it must.
func reasonOfPure(home string) (why string, ok bool) {
	if withinAny(home, impure) {
		return "", false
	}
	for directory, why := range pure {
		if within(home, directory) {
			return why, true
		}
	}
	return "", false
}

// addressPackages parse addresses and open no connection.
var addressPackages = map[string]bool{"net/url": true, "net/netip": true, "net/mail": true}

// netImporters may import "net", because the addresses of crypto/x509 are net.IPs.
var netImporters = map[string]bool{"pkg/certs": true, "pkg/certs/trust": true}

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
			if why, ok := reasonOfPure(home); ok && !test && (within(imported, "os") || within(imported, "net") && !addressPackages[imported] && (imported != "net" || !netImporters[home])) {
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

// TestLayers checks that each package imports only those of lower layers.
func TestLayers(t *testing.T) {
	inRoot(t)
	layerOf := map[string]int{}
	for i, layer := range layers {
		for _, name := range strings.Fields(layer) {
			layerOf[name] = i
		}
	}
	found := map[string]bool{}
	for file, imports := range productImports(t) {
		home := filepath.ToSlash(filepath.Dir(file))
		if strings.HasSuffix(file, "_test.go") || !within(home, "pkg") && !within(home, "cmd") {
			continue
		}
		found[home] = true
		own, ok := layerOf[home]
		if !ok {
			t.Errorf("%s is in no layer: add it to layers, and to docs/architecture.md", home)
			continue
		}
		for _, imported := range imports {
			name, ours := strings.CutPrefix(imported, module)
			if !ours {
				continue
			}
			if layer, ok := layerOf[name]; !ok || layer >= own {
				t.Errorf("%s imports %s, which is not in a lower layer", file, name)
			}
		}
	}
	for name := range layerOf {
		if !found[name] && within(name, "pkg") {
			t.Errorf("the layers have %s, which does not exist", name)
		}
	}
}

// TestLayersAreDocumented compares the packages in docs/architecture.md with the layers.
func TestLayersAreDocumented(t *testing.T) {
	inRoot(t)
	text := read(t, "docs/architecture.md")
	var documented []string
	for _, row := range regexp.MustCompile("(?m)^\\| `((?:pkg|cmd|examples)[^`|]*)`").FindAllStringSubmatch(text, -1) {
		documented = append(documented, row[1])
	}
	var want []string
	for _, layer := range layers {
		for _, name := range strings.Fields(layer) {
			if !within(name, "internal") {
				want = append(want, name)
			}
		}
	}
	if !slices.Equal(documented, want) {
		t.Errorf("docs/architecture.md lists\n%s\nand the layers are\n%s", strings.Join(documented, "\n"), strings.Join(want, "\n"))
	}
}

// TestPackagesAreDescribed requires each package to have one comment, which begins with its
// name.
func TestPackagesAreDescribed(t *testing.T) {
	inRoot(t)
	described := map[string]int{}
	for file := range productImports(t) {
		if strings.HasSuffix(file, "_test.go") && filepath.Dir(file) != filepath.FromSlash("internal/repotest") {
			continue
		}
		home := filepath.ToSlash(filepath.Dir(file))
		described[home] += 0
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.PackageClauseOnly)
		if err != nil {
			t.Fatal(err)
		}
		if parsed.Doc == nil {
			continue
		}
		described[home]++
		begin := "Package " + parsed.Name.Name + " "
		if text := parsed.Doc.Text(); parsed.Name.Name != "main" && !strings.HasPrefix(text, begin) || strings.Contains(text, "\nPackage ") {
			t.Errorf("the package comment in %s does not begin with %q, or there are two", file, begin)
		}
	}
	for home, n := range described {
		if n != 1 {
			t.Errorf("%s has %d package comments", home, n)
		}
	}
}

// maxLines is how long a package may be without its tests: longer ones have more than one
// subject.
const maxLines = 2500

// TestPackagesAreShort counts the lines of each package.
func TestPackagesAreShort(t *testing.T) {
	inRoot(t)
	lines := map[string]int{}
	for file := range productImports(t) {
		if !strings.HasSuffix(file, "_test.go") {
			lines[filepath.Dir(file)] += strings.Count(read(t, file), "\n")
		}
	}
	for directory, n := range lines {
		if n > maxLines {
			t.Errorf("%s has %d lines, more than %d: split it by its subjects", directory, n, maxLines)
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
		for _, name := range regexp.MustCompile(`\bmessage\.([A-Z]\w+)`).FindAllStringSubmatch(read(t, file), -1) {
			used[name[1]] = true
		}
	}
	delete(used, "Abbreviate")
	delete(used, "AbbreviateRevision")
	for name := range used {
		t.Errorf("pkg/render uses message.%s: it must read the cause, not the message", name)
	}
}

// TestPurePackagesReadNoClock finds the calls that an import rule cannot.
func TestPurePackagesReadNoClock(t *testing.T) {
	inRoot(t)
	for file := range productImports(t) {
		why, ok := reasonOfPure(filepath.ToSlash(filepath.Dir(file)))
		if !ok || strings.HasSuffix(file, "_test.go") {
			continue
		}
		for _, call := range []string{"time.Now(", "time.Since(", "time.Until("} {
			if strings.Contains(read(t, file), call) {
				t.Errorf("%s calls %s): %s", file, call, why)
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
		found[path] = nil
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
