package health

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// Dependencies are the objects in spec.dependsOn of a Kustomization or HelmRelease.
// They are of the same kind, and by default in the same namespace.
func Dependencies(obj *unstructured.Unstructured) []object.Ref {
	var refs []object.Ref
	for _, dep := range object.List(obj.Object, "spec", "dependsOn") {
		ref := object.RefOf(obj)
		ref.Name = object.Text(dep, "name")
		if namespace := object.Text(dep, "namespace"); namespace != "" {
			ref.Namespace = namespace
		}
		refs = append(refs, ref)
	}
	return refs
}

// Waits reports whether a layer or release is blocked by its dependencies: nothing else
// determines its verdict then. The search for cycles uses the same rule, so that no
// judge runs in a cycle.
func Waits(obj *unstructured.Unstructured) bool {
	ready := object.ConditionOf(obj, "Ready")
	return ready.Is("False") && (ready.Reason == "DependencyNotReady" || ready.Reason == "DependencyNotFound") &&
		obj.GetDeletionTimestamp() == nil && !object.Bool(obj.Object, "spec", "suspend") && !object.ConditionOf(obj, "Stalled").Is("True")
}

// waiting is the verdict on a waiting object. It is not failing itself, unless what it
// waits for can never be ready: then no other object is to blame.
func (a *Assessor) waiting(obj *unstructured.Unstructured, v Verdict) Verdict {
	ready := object.ConditionOf(obj, "Ready")
	var next *object.Ref // in the cycle, if the object is in one
	for _, ref := range Dependencies(obj) {
		inCycle := a.cycles().inOneCycle(v.Ref, ref)
		if inCycle && next == nil {
			next = &ref
		}
		if inCycle || a.Of(ref).Status != Ready {
			v.WaitsFor = append(v.WaitsFor, ref)
		}
	}
	if next != nil {
		return v.with(Failing, DependencyCycle, a.cycleMessage(v.Ref, *next), ready.Since)
	}
	for _, ref := range v.WaitsFor {
		if a.snap.Lookup(ref).Presence == snapshot.Absent {
			return v.with(Failing, DependencyMissing, "it depends on "+ref.String()+", which does not exist", ready.Since)
		}
	}
	if v.Ref.Kind == object.KustomizationKind.Kind && a.renewing(obj, ready) && a.onlyDelayed(v.WaitsFor) {
		v.WaitsFor = nil
		return a.renewed(obj, v, ready)
	}
	if late, ok := a.waitsForReady(obj, v, ready); ok {
		return late
	}
	message := FirstLine(ready.Message)
	if len(v.WaitsFor) > 0 {
		message = "waits for " + names(v.WaitsFor, v.Ref.Namespace)
	}
	return a.checkStale(obj, v.with(Progressing, Reason(ready.Reason), message, ready.Since))
}

// onlyDelayed reports whether the dependencies have no problem.
func (a *Assessor) onlyDelayed(refs []object.Ref) bool {
	for _, ref := range refs {
		if a.Of(ref).Status.Worse(Progressing) || a.Of(ref).Status == Suspended || a.Of(ref).Status == Unknown {
			return false
		}
	}
	return true
}

// cycleMessage describes the cycle of ref, where next is its neighbor.
func (a *Assessor) cycleMessage(ref, next object.Ref) string {
	if next.Same(ref) {
		return "it depends on itself"
	}
	for _, back := range Dependencies(a.snap.Lookup(next).Object) {
		if back.Same(ref) {
			return "it waits for " + names([]object.Ref{next}, ref.Namespace) + ", which waits for it"
		}
	}
	return "it waits for " + names([]object.Ref{next}, ref.Namespace) + ", which indirectly waits for it"
}

// names lists the objects, with the namespace if it is not home.
func names(refs []object.Ref, home string) string {
	var all []string
	for _, ref := range refs {
		name := ref.Name
		if ref.Namespace != home {
			name = ref.Namespace + "/" + name
		}
		all = append(all, name)
	}
	return strings.Join(all, ", ")
}
