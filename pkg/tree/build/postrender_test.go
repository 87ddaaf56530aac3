package build

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// TestPostRender changes, removes and renames objects, and rejects a patch that is too large.
func TestPostRender(t *testing.T) {
	objects := func() []*unstructured.Unstructured {
		var all []*unstructured.Unstructured
		for _, name := range []string{"a", "b"} {
			all = append(all, &unstructured.Unstructured{Object: map[string]any{
				"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"name": name},
				"spec": map[string]any{"containers": []any{map[string]any{"name": "c", "image": "nginx:1"}}},
			}})
		}
		return all
	}
	patched := objects()
	err := PostRender(patched, map[string]any{
		"patches": []any{
			map[string]any{"patch": "kind: Pod\napiVersion: v1\nmetadata: {name: a}\n$patch: delete\n"},
			map[string]any{"patch": "- {op: add, path: /metadata/labels, value: {x: z}}", "target": map[string]any{"kind": "Pod", "name": "b"}},
		},
		"images": []any{map[string]any{"name": "nginx", "newTag": "2"}},
	})
	if err != nil || patched[0] != nil || patched[1] == nil {
		t.Fatal(patched, err)
	}
	text, _ := yaml.Marshal(patched[1].Object)
	if want := "apiVersion: v1\nkind: Pod\nmetadata:\n  labels:\n    x: z\n  name: b\nspec:\n  containers:\n  - image: nginx:2\n    name: c\n"; string(text) != want {
		t.Errorf("it is\n%s\nwant\n%s", text, want)
	}
	for name, patch := range map[string]string{
		"an alias that contains itself": "a: &a [*a]",
		"no object":                     "kind: Pod\napiVersion: v1\nmetadata: {name: absent}\n",
		"a text":                        "{{",
	} {
		if err := PostRender(objects(), map[string]any{"patches": []any{map[string]any{"patch": patch}}}); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
