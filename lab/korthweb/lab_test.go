package korthweb

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/fluxcd/pkg/kustomize"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/lab/build"
)

// update rewrites the golden files: run `go test ./korthweb/ -update` after an intended change,
// and read the diff.
var update = flag.Bool("update", false, "rewrite testdata from what the code makes now")

var testValues = Values{GitURL: "http://git.test/korthweb.git", HelmURL: "http://helm.test"}

// testModules finds modules as the lab does, and downloads missing ones.
var testModules = sync.OnceValues(func() (*build.Source, error) { return build.Find("..") })

func testModuleDir(module string) (string, error) {
	source, err := testModules()
	if err != nil {
		return "", err
	}
	return source.ModuleDir(module)
}

func testTree(t *testing.T, v Values) map[string][]byte {
	t.Helper()
	files, err := Tree(v, testModuleDir)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// buildLayer builds one Kustomization as kustomize-controller does: first its generator (which
// applies spec.patches and, for the root, finds the manifests), then its build.
func buildLayer(t *testing.T, files map[string][]byte, layer unstructured.Unstructured) []*unstructured.Unstructured {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	path, _, _ := unstructured.NestedString(layer.Object, "spec", "path")
	dir := filepath.Join(root, filepath.FromSlash(path))
	if _, err := kustomize.NewGenerator(root, layer).WriteFile(dir); err != nil {
		t.Fatalf("layer %s: %v", layer.GetName(), err)
	}
	built, err := kustomize.SecureBuild(root, dir, false)
	if err != nil {
		t.Fatalf("layer %s: %v", layer.GetName(), err)
	}
	data, err := built.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, data)
}

// layers follows the Kustomizations from the root, as Flux does, and returns all seven by name.
func layers(t *testing.T, files map[string][]byte) map[string]unstructured.Unstructured {
	t.Helper()
	sync := decode(t, files["gitops/fluxcd/flux-system/gotk-sync.yaml"])
	found := map[string]unstructured.Unstructured{}
	for _, object := range buildLayer(t, files, *sync[1]) {
		if object.GetKind() == "Kustomization" {
			found[object.GetName()] = *object
		}
	}
	return found
}

func decode(t *testing.T, data []byte) []*unstructured.Unstructured {
	t.Helper()
	objects, err := decodeAll(data)
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

// ref is the reference to an object in the golden files.
func ref(object *unstructured.Unstructured) string {
	name := object.GetName()
	if ns := object.GetNamespace(); ns != "" {
		name = ns + "/" + name
	}
	return object.GetAPIVersion() + " " + object.GetKind() + " " + name
}

func refs(objects []*unstructured.Unstructured) []string {
	names := map[string]bool{}
	for _, object := range objects {
		names[ref(object)] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// golden compares lines with testdata/name.
func golden(t *testing.T, name string, lines []string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	got := strings.Join(lines, "\n") + "\n"
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s\n got:\n%s\nwant:\n%s", path, got, want)
	}
}
