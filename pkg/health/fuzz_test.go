package health

import (
	"path/filepath"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// FuzzOf gives one object of any shape the names of all existing kinds, and judges each: odd
// data from a cluster must never cause a panic, nor violate the rules for every verdict.
func FuzzOf(f *testing.F) {
	for _, seed := range seeds(f) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		shape := parse(data)
		if shape == nil {
			return
		}
		snap, refs := everyKind(shape)
		assessor := New(snap)
		for _, ref := range refs {
			verdict := assessor.Of(ref)
			if _, known := rank[verdict.Status]; !known {
				t.Errorf("%s: status %q", ref, verdict.Status)
			}
			if !verdict.Ref.Same(ref) {
				t.Errorf("asked for %v, judged %v", ref, verdict.Ref)
			}
			if verdict.Status == Ready && verdict.Reason != "" {
				t.Errorf("%s is ready, with a reason: %s", ref, verdict.Reason)
			}
		}
	})
}

// seeds are all objects of the scenarios, and some empty shapes.
func seeds(f *testing.F) [][]byte {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	all := [][]byte{
		[]byte(`{}`), []byte(`{"metadata": null, "spec": [], "status": "x"}`),
		[]byte(`{"metadata": {"name": 1, "labels": [], "ownerReferences": [null, 1, {"kind": {}}]}}`),
		[]byte(`{"spec": {"dependsOn": [null, {"name": {}}, {}]}, "status": {"conditions": [1, {"type": "Ready", "status": "False", "reason": "DependencyNotReady"}]}}`),
		[]byte(`{"status": {"history": [{}, null], "conditions": {"type": "Ready"}, "loadBalancer": {"ingress": [[]]}}}`),
	}
	for _, file := range files {
		for _, s := range scenarios(f, file) {
			for _, object := range s.Objects {
				text, err := json.Marshal(object)
				if err != nil {
					f.Fatal(err)
				}
				all = append(all, text)
			}
		}
	}
	return all
}

// parse reads YAML, including JSON, in the same way as an answer of a cluster.
func parse(data []byte) map[string]any {
	asJSON, err := yaml.YAMLToJSON(data)
	if err != nil {
		return nil
	}
	var shape map[string]any
	if json.Unmarshal(asJSON, &shape) != nil {
		return nil
	}
	return shape
}

func everyKind(shape map[string]any) (*snapshot.Snapshot, []object.Ref) {
	builder := snapshot.NewBuilder()
	var refs []object.Ref
	for _, gk := range requested {
		obj := (&unstructured.Unstructured{Object: shape}).DeepCopy()
		obj.SetAPIVersion(gk.WithVersion("v1").GroupVersion().String())
		obj.SetKind(gk.Kind)
		if _, ok := obj.Object["metadata"].(map[string]any); !ok {
			delete(obj.Object, "metadata")
		}
		builder.Add(snapshot.Request{Group: gk.Group, Kind: gk.Kind}, obj)
		refs = append(refs, object.RefOf(obj))
	}
	return builder.Build(snapshot.Meta{At: noon}), refs
}
