package build

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	flux "github.com/fluxcd/pkg/kustomize"
	"golang.org/x/tools/txtar"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/source"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/variable"
)

// TestBuildsAsFlux builds the trees in testdata as kustomize-controller does, with Flux's own
// library and files on disk, and compares the objects. The file "flux.yaml" of an archive is
// the Kustomization.
func TestBuildsAsFlux(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatal(archives, err)
	}
	for _, file := range archives {
		t.Run(filepath.Base(file), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			ks := &unstructured.Unstructured{}
			for _, f := range archive.Files {
				if f.Name == "flux.yaml" {
					if err := yaml.Unmarshal(f.Data, &ks.Object); err != nil {
						t.Fatal(err)
					}
				}
				write(t, filepath.Join(dir, f.Name), f.Data)
			}
			opened, err := tree.Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = opened.Close() })
			values := map[string]string{}
			for key, value := range object.Map(ks.Object, "spec", "postBuild", "substitute") {
				values[key] = value.(string)
			}
			built, err := Build(source.New(opened, nil, nil), ks, &variable.Set{Values: values}, nil)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for _, o := range built.Objects {
				got[object.RefOf(o.Unstructured).String()] = text(t, o.Object)
			}
			want := fluxBuild(t, dir, ks, false)
			for name := range want {
				if got[name] != want[name] {
					t.Errorf("%s: built\n%s\nFlux builds\n%s", name, got[name], want[name])
				}
				delete(got, name)
			}
			for name := range got {
				t.Errorf("built %s, which Flux does not", name)
			}
		})
	}
}

// fluxBuild is what kustomize-controller builds.
func fluxBuild(t *testing.T, root string, ks *unstructured.Unstructured, remoteBases bool) map[string]string {
	t.Helper()
	dir := filepath.Join(root, object.Text(ks.Object, "spec", "path"))
	if _, err := flux.NewGenerator(root, *ks).WriteFile(dir); err != nil {
		t.Fatal(err)
	}
	built, err := flux.SecureBuild(root, dir, remoteBases)
	if err != nil {
		t.Fatal(err)
	}
	objects := map[string]string{}
	for _, res := range built.Resources() {
		if _, err := flux.SubstituteVariables(context.Background(), nil, *ks, res, flux.SubstituteWithDryRun(true)); err != nil {
			t.Fatal(err)
		}
		content, err := res.Map()
		if err != nil {
			t.Fatal(err)
		}
		u := &unstructured.Unstructured{Object: content}
		objects[object.RefOf(u).String()] = text(t, u.Object)
	}
	return objects
}

func text(t *testing.T, object map[string]any) string {
	t.Helper()
	encoded, err := yaml.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(encoded))
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}
