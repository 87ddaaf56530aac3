package tenant

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	sigsyaml "sigs.k8s.io/yaml"
)

// FuzzDiscover reads arbitrary YAML as a cluster's objects: it must not panic, and tenants must
// be sorted by name, each with a namespace.
func FuzzDiscover(f *testing.F) {
	seeds, err := filepath.Glob(filepath.Join("testdata", "odd", "*.yaml"))
	if err != nil || len(seeds) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, seed := range seeds {
		text, err := os.ReadFile(seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add(asYAML(f, korthweb{Tenants: []string{"bhs"}}.objects(f)))
	f.Fuzz(func(t *testing.T, text []byte) {
		snap := testCase{}.snapshot(whatever(text))
		tenants := Discover(snap)
		for i, s := range Assess(snap, tenants) {
			if s.Name != tenants[i].Name || len(s.Namespaces) == 0 || i > 0 && s.Name <= tenants[i-1].Name {
				t.Errorf("tenant %d is %q in %q", i, s.Name, s.Namespaces)
			}
			if s.Ready() && len(s.Chain) == 0 {
				t.Errorf("%s is Ready, though there is nothing of it", s.Name)
			}
		}
	})
}

func asYAML(f *testing.F, objects []*unstructured.Unstructured) []byte {
	var text bytes.Buffer
	for _, o := range objects {
		document, err := sigsyaml.Marshal(o.Object)
		if err != nil {
			f.Fatal(err)
		}
		text.WriteString("\n---\n")
		text.Write(document)
	}
	return text.Bytes()
}

// whatever converts those documents that are objects.
func whatever(text []byte) []*unstructured.Unstructured {
	var objects []*unstructured.Unstructured
	for _, document := range bytes.Split(text, []byte("\n---")) {
		obj := &unstructured.Unstructured{}
		if yaml.Unmarshal(document, &obj.Object) == nil && obj.Object != nil {
			objects = append(objects, obj)
		}
	}
	return objects
}
