package build

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/tools/txtar"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/source"
)

// TestRenderAll builds the trees in testdata at the same time, several times each, together with
// kustomizations that replace kustomize's schemas, and compares the objects with those of one
// build after another.
func TestRenderAll(t *testing.T) {
	trees := archives(t)
	for i := range 2 {
		trees = append(trees, kustomizationTree(fmt.Sprintf("openapi: {version: v1.21.2}\nnamespace: n%d\nresources: [a.yaml]\npatches: [{patch: '%s'}]\n", i,
			`{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"ports": [{"port": 80, "name": "x"}]}}`)))
	}
	var plans []*Plan
	var want []map[string]string
	for round := range 3 {
		for i, files := range trees {
			ks := kustomizationOf("a")
			if flux := files["flux.yaml"]; flux != nil {
				ks = &unstructured.Unstructured{}
				if err := yaml.Unmarshal(flux, &ks.Object); err != nil {
					t.Fatal(err)
				}
			}
			s := source.New(tree.New(files), nil, nil)
			if round == 0 {
				built, err := Build(s, ks, nil, nil)
				if err != nil {
					t.Fatal(i, err)
				}
				want = append(want, objects(t, built))
			}
			plan, err := Prepare(s, ks, nil)
			if err != nil {
				t.Fatal(err)
			}
			plans = append(plans, plan)
		}
	}
	if len(plans) <= fewPlans {
		t.Fatalf("only %d plans: they do not run in parallel", len(plans))
	}
	stderr := os.Stderr
	rendered, errs := RenderAll(context.Background(), plans)
	for i, r := range rendered {
		if errs[i] != nil {
			t.Fatal(errs[i])
		}
		built, err := r.Substitute(nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := objects(t, built); !maps.Equal(got, want[i%len(trees)]) {
			t.Errorf("tree %d: built in parallel\n%v\nand alone\n%v", i, got, want[i%len(trees)])
		}
	}
	if os.Stderr != stderr {
		t.Error("standard error is still silenced")
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	if rendered, _ := RenderAll(cancelled, plans); slices.ContainsFunc(rendered, func(r *Rendered) bool { return r != nil }) {
		t.Error("a cancelled build has a result")
	}
}

// archives are the trees in testdata.
func archives(t *testing.T) []map[string][]byte {
	t.Helper()
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	var trees []map[string][]byte
	for _, name := range names {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files := map[string][]byte{}
		for _, f := range archive.Files {
			files[f.Name] = f.Data
		}
		trees = append(trees, files)
	}
	return trees
}

// kustomizationTree is a kustomization, and a Service that it uses.
func kustomizationTree(kustomization string) map[string][]byte {
	return map[string][]byte{
		"a/kustomization.yaml": []byte(kustomization),
		"a/a.yaml":             []byte("apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 80, protocol: TCP}]}\n"),
	}
}

// objects are what a Kustomization applies, as text by index.
func objects(t *testing.T, built *Result) map[string]string {
	t.Helper()
	all := map[string]string{}
	for i, o := range built.Objects {
		all[fmt.Sprint(i)] = text(t, o.Object)
	}
	return all
}
