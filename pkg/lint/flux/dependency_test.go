package flux

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

// kustomizations are the manifests of Kustomizations a0, a1, …, which depend on others.
func kustomizations(n int, dependsOn func(i int) []int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "---\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: a%d, namespace: flux-system}\n", i)
		b.WriteString("spec:\n  path: ./app\n  sourceRef: {kind: GitRepository, name: flux-system}\n  dependsOn:\n")
		for _, j := range dependsOn(i) {
			fmt.Fprintf(&b, "  - name: a%d\n", j)
		}
	}
	return b.String()
}

// TestDependencies checks graphs in which each Kustomization depends on many others, or in which
// a cycle is at the end of a chain.
func TestDependencies(t *testing.T) {
	after := func(n int) func(i int) []int {
		return func(i int) (all []int) {
			for j := i + 1; j < n; j++ {
				all = append(all, j)
			}
			return all
		}
	}
	for name, test := range map[string]struct {
		manifests string
		want      []string
	}{
		"no cycle": {kustomizations(250, after(250)), nil},
		"a cycle at the end of a chain": {kustomizations(100, func(i int) []int {
			return []int{min(i+1, 99) - i/99}
		}), []string{"a98 → a99 → a98"}},
		"two cycles": {kustomizations(5, func(i int) []int { return [][]int{{1}, {0, 2}, {3}, {4}, {3}}[i] }), []string{"a0 → a1 → a0", "a3 → a4 → a3"}},
		"itself":     {kustomizations(2, func(int) []int { return []int{1} }), []string{"a1 → a1"}},
		"missing":    {kustomizations(2, func(i int) []int { return []int{i + 1} }), []string{"a2"}},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			clusters, err := cluster.Discover(t.Context(), tree.New(map[string][]byte{"clusters/a.yaml": []byte(test.manifests), "app/kustomization.yaml": nil}))
			if err != nil {
				t.Fatal(err)
			}
			var found []string
			c := rule.NewContext(clusters[0], clusters, rule.Options{}, func(f rule.Finding) { found = append(found, f.Message) })
			c.Run(missingDependency)
			c.Run(dependencyCycle)
			if len(found) != len(test.want) {
				t.Fatalf("found %q, want %q", found, test.want)
			}
			for i, want := range test.want {
				if !strings.Contains(found[i], want) {
					t.Errorf("found %q, want %q", found[i], want)
				}
			}
			if d := time.Since(start); d > 2*time.Minute {
				t.Errorf("it took %s", d)
			}
		})
	}
}
