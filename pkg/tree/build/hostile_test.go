package build

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/source"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/variable"
)

// kustomizationOf is a Kustomization of Flux for a directory.
func kustomizationOf(dir string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
		"metadata": map[string]any{"name": "a", "namespace": "flux-system"},
		"spec":     map[string]any{"path": dir},
	}}
}

// failing fails a test that uses the network.
type failing struct{ t testing.TB }

func (f failing) RoundTrip(r *http.Request) (*http.Response, error) {
	f.t.Errorf("requests %s", r.URL)
	return nil, errors.New("no network in this test")
}

// offline makes the network and all programs unavailable, and fails the test if kustomize tries
// to use the network.
func offline(t testing.TB) {
	before := http.DefaultTransport
	http.DefaultTransport = failing{t}
	path := os.Getenv("PATH")
	if err := os.Setenv("PATH", ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		http.DefaultTransport = before
		_ = os.Setenv("PATH", path)
	})
}

// usedProgram reports whether an error is that of kustomize when it can't run Git.
func usedProgram(err error) bool {
	return err != nil && (strings.Contains(err.Error(), "executable file not found") || strings.Contains(err.Error(), "program on path"))
}

// fields are the fields of a kustomization that name files, with %s for the name.
var fields = []string{
	"resources: [%s]", "bases: [%s]", "components: [%s]", "crds: [%s]", "configurations: [%s]",
	"generators: [%s]", "transformers: [%s]", "validators: [%s]", "openapi: {path: %s}",
	"patchesStrategicMerge: [%s]", "patches: [{path: %s}]", "patchesJson6902: [{path: %s, target: {kind: ConfigMap, version: v1, name: a}}]",
	"replacements: [{path: %s}]", "configMapGenerator: [{name: g, files: [%s]}]", "configMapGenerator: [{name: g, envs: [%s]}]",
	"configMapGenerator: [{name: g, env: %s}]", "secretGenerator: [{name: g, files: [%s]}]", "secretGenerator: [{name: g, envs: [%s]}]",
}

// TestReferencesStayInside checks each field with each form of a reference that leaves the tree.
func TestReferencesStayInside(t *testing.T) {
	offline(t)
	for _, field := range fields {
		for _, name := range []string{
			"https://example.org/a.yaml", "HTTP://example.org/a.yaml", "https://github.com/a/b?ref=main", "github.com/a/b", "GitHub.com/a/b//c",
			"git@github.com:a/b.git", "ssh://git@example.org/a/b", "git::https://example.org/a/b", "gh:a/b", "file:///etc", "user@example.org:a/b",
			"/etc/passwd", "/app", "../../../../etc/passwd", "../..", "missing.yaml", "missing/",
		} {
			text := "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n" + fmt.Sprintf(field, "'"+name+"'") + "\n"
			files := map[string][]byte{
				"app/kustomization.yaml":            []byte(text),
				"app/a.yaml":                        []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"),
				"github.com/a/b/kustomization.yaml": []byte("resources: []\n"),
			}
			_, err := Build(source.New(tree.New(files), nil, nil), kustomizationOf("app"), nil, nil)
			var failed *Error
			if !errors.As(err, &failed) || usedProgram(err) {
				t.Errorf("%s with %s: %v", field, name, err)
				continue
			}
			if reason := failed.Problems[0].Reason; reason == Failed {
				t.Errorf("%s with %s reached kustomize: %v", field, name, err)
			}
		}
	}
}

// TestPluginsStayInside checks files that configure generators and transformers.
func TestPluginsStayInside(t *testing.T) {
	offline(t)
	for _, plugin := range []string{
		"apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: a}\nname: a\nfiles: ['https://example.org/a']\n",
		"apiVersion: builtin\nkind: HelmChartInflationGenerator\nmetadata: {name: a}\nname: a\nrepo: https://example.org\nversion: 1.0.0\n",
		"apiVersion: example.org/v1\nkind: Exec\nmetadata:\n  name: a\n  annotations:\n    config.kubernetes.io/function: |\n      exec: {path: /bin/sh}\n",
		"apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: a}\npath: https://example.org/a.yaml\n",
	} {
		for _, field := range []string{"generators", "transformers", "validators"} {
			for _, inline := range []bool{false, true} {
				entry := "plugin.yaml"
				if inline {
					entry = "|-\n  " + strings.ReplaceAll(strings.TrimSpace(plugin), "\n", "\n  ")
				}
				files := map[string][]byte{"app/kustomization.yaml": []byte(field + ":\n- " + entry + "\n"), "app/plugin.yaml": []byte(plugin)}
				if _, err := Build(source.New(tree.New(files), nil, nil), kustomizationOf("app"), nil, nil); err == nil || usedProgram(err) {
					t.Errorf("%s of\n%s\n%v", field, plugin, err)
				}
			}
		}
	}
}

// TestHostileTrees checks that each ends with a clear error that names the place.
func TestHostileTrees(t *testing.T) {
	offline(t)
	bomb := "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
	for i := 'b'; i < 'k'; i++ {
		bomb += fmt.Sprintf("%c: &%c [*%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c]\n", i, i, i-1, i-1, i-1, i-1, i-1, i-1, i-1, i-1)
	}
	patched := func(kustomization string) map[string][]byte {
		return map[string][]byte{
			"a/kustomization.yaml": []byte("resources: [b.yaml]\n" + kustomization), "a/list.yaml": []byte(operations(bomb)),
			"a/b.yaml": []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata: {a: b}\n"),
		}
	}
	merge := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n"
	double := map[string][]byte{}
	for i := range 40 {
		double[fmt.Sprintf("d%d/kustomization.yaml", i)] = []byte(fmt.Sprintf("resources: [../d%d, ./x/../../d%d]\n", i+1, i+1))
	}
	var many strings.Builder
	for i := range maxObjects + 2 {
		fmt.Fprintf(&many, "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c%d}\n", i)
	}
	double["d40/kustomization.yaml"] = []byte("namespace: a\n")
	for name, c := range map[string]struct {
		dir    string
		files  map[string][]byte
		reason Reason
		want   string
	}{
		"a cycle":                         {"a", map[string][]byte{"a/kustomization.yaml": []byte("resources: [../b]\n"), "b/kustomization.yaml": []byte("resources: [../a]\n")}, Cycle, "b/kustomization.yaml:1:13"},
		"its own cycle":                   {"a", map[string][]byte{"a/kustomization.yaml": []byte("resources: [.]\n")}, Cycle, "contains this kustomization"},
		"doubling":                        {"d0", double, Unreadable, "more than"},
		"many objects":                    {"a", map[string][]byte{"a/b.yaml": []byte(many.String())}, Unreadable, "more than 2000 objects"},
		"growing aliases":                 {"a", map[string][]byte{"a/kustomization.yaml": []byte("resources: [b.yaml]\n"), "a/b.yaml": []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n" + bomb)}, Unreadable, "values"},
		"aliases in its file":             {"a", map[string][]byte{"a/kustomization.yaml": []byte(bomb)}, Malformed, "values"},
		"aliases in a patch":              {"a", patched("patches:\n- patch: |\n" + indented(merge+bomb)), Unreadable, "values"},
		"aliases in operations":           {"a", patched("patches:\n- target: {kind: ConfigMap}\n  patch: |\n" + indented(operations(bomb))), Unreadable, "values"},
		"aliases in a file of operations": {"a", patched("patches:\n- target: {kind: ConfigMap}\n  path: list.yaml\n"), Unreadable, "values"},
		"aliases in an old patch":         {"a", patched("patchesStrategicMerge:\n- |\n" + indented(merge+bomb)), Unreadable, "values"},
		"an endless patch":                {"a", patched("patches:\n- patch: |\n" + indented(merge+"data: &d {a: *d}\n")), Malformed, "contains it"},
		"operations that double":          {"a", patched("patches:\n- target: {kind: ConfigMap}\n  patch: |\n" + indented(copies(40))), Failed, "copy"},
		"no path":                         {"gone", nil, Missing, "does not exist"},
		"a file as path":                  {"a.yaml", map[string][]byte{"a.yaml": []byte("a: b\n")}, Missing, "not a directory"},
		"a path that goes up":             {"../../a", map[string][]byte{"b/c.yaml": nil}, Missing, "the path a does not exist"},
		"not a kustomization":             {"a", map[string][]byte{"a/kustomization.yaml": []byte("resources: {a: b}\n")}, Malformed, "not a kustomization"},
		"no kind":                         {"a", map[string][]byte{"a/b.yaml": []byte("a: b\n")}, Failed, "kustomize"},
		"a component as a file":           {"a", map[string][]byte{"a/kustomization.yaml": []byte("components: [b.yaml]\n"), "a/b.yaml": []byte("a: b\n")}, Malformed, "directories"},
		"helmCharts":                      {"a", map[string][]byte{"a/kustomization.yaml": []byte("helmCharts:\n- name: a\n  repo: https://example.org\n")}, Unsupported, "helmCharts"},
	} {
		_, err := Build(source.New(tree.New(c.files), nil, nil), kustomizationOf(c.dir), nil, nil)
		var failed *Error
		if !errors.As(err, &failed) || failed.Problems[0].Reason != c.reason || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// operations is a JSON patch that adds a value.
func operations(value string) string {
	return "- op: add\n  path: /a\n  value:\n" + indented(value)
}

// copies is a JSON patch that copies a value into itself.
func copies(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "- {op: copy, from: /data, path: /data/x%d}\n", i)
	}
	return b.String()
}

func indented(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n    ") + "\n"
}

// FuzzBuild builds a kustomization of any content, and expects objects or an error: no panic, no
// request, no program.
func FuzzBuild(f *testing.F) {
	for _, field := range fields {
		f.Add([]byte(fmt.Sprintf(field, "a.yaml")), []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"))
		f.Add([]byte(fmt.Sprintf(field, "https://example.org")), []byte("a: &a [*a]\n"))
	}
	offline(f)
	f.Fuzz(func(t *testing.T, kustomization, manifest []byte) {
		files := map[string][]byte{"app/kustomization.yaml": kustomization, "app/a.yaml": manifest, "app/b/c.yaml": manifest}
		result, err := Build(source.New(tree.New(files), nil, nil), kustomizationOf("app"), &variable.Set{Always: true}, nil)
		if usedProgram(err) || err == nil && result == nil {
			t.Fatalf("%q: %v", kustomization, err)
		}
	})
}
