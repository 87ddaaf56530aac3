package lint

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// TestTooLarge checks a tree of which one Kustomization alone takes too much work: those after it
// are not built either, and the report says so once.
func TestTooLarge(t *testing.T) {
	files := map[string][]byte{
		"small/a.yaml":            []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}\n"),
		"big/kustomization.yaml":  []byte("resources: [a.yaml]\npatches:\n" + strings.Repeat("- target: {kind: Deployment}\n  patch: '[{op: add, path: /spec/x, value: y}]'\n", 100)),
		"big/a.yaml":              nil,
		"clusters/a/layers.yaml":  nil,
		"clusters/a/another.yaml": nil,
	}
	var objects strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&objects, "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a%d, namespace: b}\nspec: {}\n", i)
	}
	files["big/a.yaml"] = []byte(objects.String())
	var layers strings.Builder
	for i, path := range []string{"small", "big", "small", "small"} {
		fmt.Fprintf(&layers, "---\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: k%d, namespace: flux-system}\n", i)
		fmt.Fprintf(&layers, "spec: {path: %s, prune: true, interval: 1m, sourceRef: {kind: GitRepository, name: flux-system}}\n", path)
	}
	files["clusters/a/layers.yaml"] = []byte(layers.String())
	report, err := Check(context.Background(), tree.New(files), Config{})
	if err != nil {
		t.Fatal(err)
	}
	if report.Kustomizations != 1 || report.Objects != 1 || len(report.Unknown) != 1 {
		t.Fatalf("%d Kustomizations with %d objects, unknown: %v", report.Kustomizations, report.Objects, report.Unknown)
	}
	u := report.Unknown[0]
	if u.Ref.Name != "k1" || !strings.HasPrefix(u.Message, "the tree is too large: ") || !strings.HasSuffix(u.Message, "; also not built: 2 other Kustomizations") {
		t.Errorf("%s: %s", u.Ref, u.Message)
	}
	for _, f := range report.Findings {
		if f.Ref.Name != "k0" && f.Ref.Name != "a" {
			t.Errorf("a finding about what was not built: %s %s", f.Ref, f.Message)
		}
	}
}
