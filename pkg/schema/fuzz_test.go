package schema

import (
	"encoding/json"
	"os"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// FuzzValidate: any object gives the same answer twice, its fields exist, and it is not
// changed.
func FuzzValidate(f *testing.F) {
	data, err := os.ReadFile("testdata/objects.yaml")
	if err != nil {
		f.Fatal(err)
	}
	var cases []struct{ Object json.RawMessage }
	parse(f, string(data), &cases)
	for _, c := range cases {
		f.Add([]byte(c.Object))
	}
	set := NewSet()
	f.Fuzz(func(t *testing.T, text []byte) {
		var obj map[string]any
		if err := json.Unmarshal(text, &obj); err != nil {
			return
		}
		before, err := json.Marshal(obj)
		if err != nil {
			return
		}
		problems, known := set.Validate(obj)
		if after, _ := json.Marshal(obj); string(after) != string(before) {
			t.Errorf("the object is changed to %s", after)
		}
		if !known && len(problems) > 0 || len(problems) > maxProblems {
			t.Errorf("known is %v, with %d problems", known, len(problems))
		}
		again, _ := set.Validate(obj)
		for i, p := range problems {
			if again[i] != p {
				t.Errorf("the second answer is %v, the first %v", again[i], p)
			}
			if p.Message == "" || p.Rule == "" {
				t.Errorf("%#v is incomplete", p)
			}
		}
	})
}

// FuzzAddCRD: any definition is added or rejected, and objects of its kinds are validated in
// bounded time.
func FuzzAddCRD(f *testing.F) {
	f.Add([]byte(shipCRD), []byte(`{"apiVersion": "example.com/v1", "kind": "Ship", "spec": {"size": 1, "decks": [{}]}}`))
	f.Add([]byte(`{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, spec: {group: a, names: {kind: A}, versions: [{name: v1, served: true, schema: {openAPIV3Schema: {$ref: "#", pattern: "(("}}}]}}`), []byte(`{}`))
	f.Fuzz(func(t *testing.T, definition, text []byte) {
		crd := unstructured.Unstructured{}
		if err := yaml.Unmarshal(definition, &crd.Object); err != nil {
			return
		}
		set := NewSet()
		if err := set.AddCRD(&crd); err != nil {
			if len(set.added) > 0 {
				t.Errorf("a kind is added in spite of %v", err)
			}
			return
		}
		var obj map[string]any
		if err := json.Unmarshal(text, &obj); err != nil || obj == nil {
			return
		}
		for kind := range set.added {
			for _, version := range set.Versions(kind) {
				obj["apiVersion"], obj["kind"] = kind.WithVersion(version).GroupVersion().String(), kind.Kind
				problems, _ := set.Validate(obj)
				for _, p := range problems {
					if p.Rule == UnknownField && p.Path == "" {
						t.Errorf("%s of %s", p, object.Text(obj, "kind"))
					}
				}
			}
		}
	})
}
