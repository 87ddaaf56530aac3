package build

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/source"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/variable"
)

// large are trees whose builds take much work for different reasons, by names for people.
func large() map[string]map[string][]byte {
	with := func(kustomization, manifests string) map[string][]byte {
		return map[string][]byte{"a/kustomization.yaml": []byte("resources: [b.yaml]\n" + kustomization), "a/b.yaml": []byte(manifests)}
	}
	patch := "- target: {kind: ConfigMap}\n  patch: '[{op: add, path: /data/x, value: y}]'\n"
	chain := map[string][]byte{"d20/kustomization.yaml": []byte("resources: [b.yaml]\n"), "d20/b.yaml": []byte(copiesOf("ConfigMap", 50, ""))}
	for i := range 20 {
		chain[fmt.Sprintf("d%d/kustomization.yaml", i)] = fmt.Appendf(nil, "resources: [../d%d]\n", i+1)
	}
	chain["a/kustomization.yaml"] = []byte("resources: [../d0]\n")
	component := with("components: [../c]\n", copiesOf("ConfigMap", 50, ""))
	component["c/kustomization.yaml"] = []byte("kind: Component\npatches:\n" + strings.Repeat(patch, 50))
	fields := with("configurations: [c.yaml]\n", copiesOf("ConfigMap", 1, ""))
	fields["a/c.yaml"] = []byte("images:\n" + strings.Repeat("- {kind: A, path: b}\n", 500))
	old := with("patchesStrategicMerge: [p.yaml]\n", copiesOf("ConfigMap", 20, ""))
	old["a/p.yaml"] = []byte(copiesOf("ConfigMap", 20, "a: "+strings.Repeat("x", 1000)))
	return map[string]map[string][]byte{
		"objects":             with("", copiesOf("ConfigMap", 300, "")),
		"pods":                with("", copiesOf("Deployment", 100, "")),
		"bytes":               with("", copiesOf("ConfigMap", 10, "a: "+strings.Repeat("x", 50_000))),
		"a list":              with("", "kind: List\napiVersion: v1\nitems:\n"+strings.Repeat("- {kind: ConfigMap, apiVersion: v1, metadata: {name: a}}\n", 1)+items(200)),
		"patches":             with("patches:\n"+strings.Repeat(patch, 50), copiesOf("ConfigMap", 50, "")),
		"patches of any kind": with("patches:\n"+strings.Repeat(strings.ReplaceAll(patch, "ConfigMap", "Config.*"), 50), copiesOf("ConfigMap", 50, "")),
		"a growing object":    with("patches:\n"+strings.Repeat("- target: {kind: ConfigMap}\n  patch: '[{op: add, path: /data/x, value: "+strings.Repeat("y", 1000)+"}]'\n", 50), copiesOf("ConfigMap", 1, "")),
		"an old patch":        old,
		"images":              with("images:\n"+strings.Repeat("- {name: a, newTag: b}\n", 100), copiesOf("Deployment", 20, "")),
		"labels":              with("labels: [{pairs: {"+strings.Join(keys(100), ": a, ")+": a}}]\n", copiesOf("ConfigMap", 20, "")),
		"replacements":        with("replacements: [{source: {kind: ConfigMap, name: c0}, targets: ["+strings.TrimSuffix(strings.Repeat("{select: {kind: ConfigMap}, fieldPaths: [data.x]},", 100), ",")+"]}]\n", copiesOf("ConfigMap", 20, "x: y")),
		"nested directories":  chain,
		"a component":         component,
		"fields of others":    fields,
		"schemas":             with("openapi: {version: v1.21.2}\n", copiesOf("ConfigMap", 1, "")),
		"files": {
			"a/kustomization.yaml": []byte("configMapGenerator: [{name: a, files: [data]}]\n"), "a/data/a": []byte(strings.Repeat("x", 400_000)),
		},
	}
}

func keys(n int) []string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("k%d", i))
	}
	return all
}

func items(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "- {kind: ConfigMap, apiVersion: v1, metadata: {name: c%d}}\n", i)
	}
	return b.String()
}

// copiesOf are objects with the same data.
func copiesOf(kind string, n int, data string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "---\napiVersion: v1\nkind: %s\nmetadata: {name: c%d}\ndata: {%s}\n", kind, i, data)
	}
	return b.String()
}

// TestWork checks that each tree takes more work than a small one, and that it is built with a limit
// of exactly its work, but not with one that is lower by one, nor after another build.
func TestWork(t *testing.T) {
	small := work(t, map[string][]byte{"a/kustomization.yaml": []byte("resources: [b.yaml]\n"), "a/b.yaml": []byte(copiesOf("ConfigMap", 1, ""))})
	for name, files := range large() {
		needed := work(t, files)
		if needed < 25*small {
			t.Errorf("%s takes %d steps, a small tree %d", name, needed, small)
		}
		for _, c := range []struct {
			limit  int64
			before int
			passes bool
		}{{needed, 0, true}, {needed - 1, 0, false}, {needed, 1, false}} {
			s := source.New(tree.New(files), nil, nil)
			s.Work.Limit = c.limit
			for range c.before {
				_ = s.Work.Spend(1)
			}
			_, err := Prepare(s, kustomizationOf("a"), nil)
			var failed *Error
			switch {
			case c.passes && err != nil:
				t.Errorf("%s with a limit of its work: %v", name, err)
			case !c.passes && (!errors.As(err, &failed) || len(failed.Problems) != 1 || failed.Problems[0].Reason != TooLarge || !strings.Contains(err.Error(), "too large")):
				t.Errorf("%s above the limit: %v", name, err)
			}
		}
	}
}

// TestWorkGrows checks that work grows with the square of the objects, and that patches apply to what
// those of a base have added.
func TestWorkGrows(t *testing.T) {
	with := func(n int) map[string][]byte {
		return map[string][]byte{"a/kustomization.yaml": []byte("resources: [b.yaml]\n"), "a/b.yaml": []byte(copiesOf("ConfigMap", n, ""))}
	}
	if few, many := work(t, with(500)), work(t, with(1000)); many < 5*few/2 {
		t.Errorf("500 objects take %d steps, 1,000 take %d", few, many)
	}
	patches := func(length int) string {
		return "patches:\n" + strings.Repeat("- target: {kind: ConfigMap}\n  patch: '[{op: add, path: /data/x, value: "+strings.Repeat("y", length)+"}]'\n", 50)
	}
	files := with(1)
	files["b/kustomization.yaml"], files["b/b.yaml"] = []byte("resources: [b.yaml]\n"+patches(1000)), files["a/b.yaml"]
	inner := map[string][]byte{"a/kustomization.yaml": files["b/kustomization.yaml"], "a/b.yaml": files["b/b.yaml"]}
	files["a/kustomization.yaml"] = []byte("resources: [../b]\n" + patches(1))
	if base, both := work(t, inner), work(t, files); both < 2*base {
		t.Errorf("a base takes %d steps, and with patches to what it adds %d", base, both)
	}
}

// work is that of a build.
func work(t *testing.T, files map[string][]byte) int64 {
	t.Helper()
	s := source.New(tree.New(files), nil, nil)
	if _, err := Prepare(s, kustomizationOf("a"), nil); err != nil {
		t.Fatal(err)
	}
	return s.Work.Steps.Load()
}

// TestWorkOfSubstitution checks that slow patterns of several objects are limited together, and
// that another source of the tree shares the limit.
func TestWorkOfSubstitution(t *testing.T) {
	files := map[string][]byte{
		"a/kustomization.yaml": []byte("resources: [b.yaml]\n"),
		"a/b.yaml":             []byte(copiesOf("ConfigMap", 3, `a: "${long##*a*a*b}"`)),
	}
	variables := &variable.Set{Values: map[string]string{"long": strings.Repeat("a", 3000)}}
	s := source.New(tree.New(files), nil, nil)
	if _, err := Build(s, kustomizationOf("a"), variables, nil); err != nil {
		t.Fatal(err)
	}
	needed := s.Work.Steps.Load()
	if prepared := work(t, files); needed < 10*prepared {
		t.Errorf("%d steps, %d of them before the substitution", needed, prepared)
	}
	for limit, passes := range map[int64]bool{needed: true, needed - 1: false} {
		s := source.New(tree.New(files), nil, nil)
		s.Work.Limit = limit
		_, err := Build(s, kustomizationOf("a"), variables, nil)
		var failed *Error
		if passes != (err == nil) || err != nil && (!errors.As(err, &failed) || failed.Problems[0].Reason != TooLarge) {
			t.Errorf("limit %d of %d: %v", limit, needed, err)
		}
		ignore := "*.md"
		if _, err := Prepare(s.With(&ignore), kustomizationOf("a"), nil); err == nil {
			t.Error("another source of the tree has a limit of its own")
		}
	}
}

// TestManyReferences checks that following references ends soon when the tree is too large.
func TestManyReferences(t *testing.T) {
	files := map[string][]byte{"b/kustomization.yaml": []byte("namespace: a\n")}
	files["a/kustomization.yaml"] = []byte("resources:\n" + strings.Repeat("- ../b\n", maxReferences-1))
	s := source.New(tree.New(files), nil, nil)
	s.Work.Limit = 100 * stepsDirectory
	_, err := Prepare(s, kustomizationOf("a"), nil)
	var failed *Error
	if !errors.As(err, &failed) || failed.Problems[0].Reason != TooLarge || s.Work.Steps.Load() > 2*s.Work.Limit {
		t.Errorf("%d steps: %v", s.Work.Steps.Load(), err)
	}
}
