package engine

import (
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// TestVerified verifies evidence that is in the snapshot, and evidence that is not.
func TestVerified(t *testing.T) {
	pod := map[string]any{"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"namespace": "a", "name": "orthanc-0"}, "spec": map[string]any{"nodeName": "n1"},
		"status": map[string]any{"conditions": []any{map[string]any{"type": "Ready", "status": "False", "reason": "No", "message": "m"}}}}
	b := snapshot.NewBuilder()
	b.Add(snapshot.Request{Kind: "Event", Resource: "events"})
	b.Add(snapshot.Request{Kind: "Pod", Resource: "pods"}, &unstructured.Unstructured{Object: pod})
	x := New(b.Build(snapshot.Meta{}), nil, Registry{})
	ref := CoreRef("Pod", "a", "orthanc-0")
	for _, c := range []struct {
		e    finding.Evidence
		fine bool
	}{
		{finding.Evidence{Ref: ref, Field: "spec.nodeName", Value: "n1"}, true},
		{finding.Evidence{Ref: ref, Field: "spec.nodeName", Value: "n2"}, false},
		{finding.Evidence{Ref: ref, Field: "spec.hostname", Value: ""}, false},
		{finding.Evidence{Ref: ref, Field: "status.conditions[Ready]", Value: "No: m"}, true},
		{finding.Evidence{Ref: ref, Field: "status.conditions[Ready]", Value: "No"}, false},
		{finding.Evidence{Ref: ref, Field: "object", Value: "does not exist"}, false},
		{finding.Evidence{Ref: CoreRef("Pod", "a", "gone"), Field: "object", Value: "does not exist"}, true},
		{finding.Evidence{Ref: CoreRef("Pod", "a", "gone"), Field: "spec.nodeName", Value: "n1"}, false},
		{finding.Evidence{Ref: ref, Field: "event Failed", Value: "x"}, false},
		{finding.Evidence{Ref: ref, Field: "pods", Value: "Failed on 1 of 1 pods: orthanc-0"}, true},
		{finding.Evidence{Ref: ref, Field: "pods", Value: "Failed on 1 of 1 pods: other"}, false},
		{finding.Evidence{Ref: ref, Field: "pods", Value: "Failed on 2 of 2 pods: orthanc-0"}, false},
		{finding.Evidence{Ref: ref, Field: "pods", Value: "some"}, false},
	} {
		if got := x.Verified([]finding.Evidence{c.e, c.e}); c.fine != slices.Equal(got, []finding.Evidence{c.e}) || !c.fine && len(got) > 0 {
			t.Errorf("verified %+v, in the snapshot: %v", got, c.fine)
		}
	}
	if object.Text(pod, "spec", "nodeName") != "n1" {
		t.Error("reading back has changed the object")
	}
}

// TestProve checks that evidence quotes only fields that the object has, each once.
func TestProve(t *testing.T) {
	obj := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"replicas": int64(0), "none": nil}}}
	f := finding.Finding{}
	Prove(&f, obj, "spec.replicas", "spec.none", "spec.replicas")
	if len(f.Evidence) != 1 || f.Evidence[0].Value != "0" {
		t.Errorf("evidence %+v", f.Evidence)
	}
}
