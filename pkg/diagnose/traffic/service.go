package traffic

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// Service is one Service under examination.
type Service struct {
	X      *engine.Context
	Obj    *unstructured.Unstructured
	Result *engine.Result
}

// Slices are the Service's EndpointSlices.
func (s Service) Slices() []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	for _, slice := range s.X.Snap.List(object.EndpointSliceKind, s.Obj.GetNamespace()).Objects {
		if slice.GetLabels()["kubernetes.io/service-name"] == s.Obj.GetName() {
			found = append(found, slice)
		}
	}
	return found
}

// Ready counts the ready endpoints, and reports whether any EndpointSlice exists: Kubernetes
// keeps one, even if empty, for each Service with a selector, so the absence of all slices
// proves nothing.
func (s Service) Ready() (count int, listed bool) {
	for _, slice := range s.Slices() {
		listed = true
		for _, endpoint := range object.List(slice.Object, "endpoints") {
			ready, reported := object.Map(endpoint, "conditions")["ready"].(bool)
			if (ready || !reported) && !s.outdated(endpoint) { // not reported means ready (discovery/v1, EndpointConditions)
				count++
			}
		}
	}
	return count, listed
}

// outdated reports whether the selector does not match the pod of an endpoint: the
// EndpointSlice is from before the selector changed.
func (s Service) outdated(endpoint map[string]any) bool {
	target := object.Map(endpoint, "targetRef")
	if object.Text(target, "kind") != object.PodKind.Kind {
		return false
	}
	pod := s.X.Snap.Lookup(engine.CoreRef(object.PodKind.Kind, s.Obj.GetNamespace(), object.Text(target, "name"))).Object
	return pod != nil && !engine.Matches(engine.SelectorOf(s.Obj), pod.GetLabels())
}
