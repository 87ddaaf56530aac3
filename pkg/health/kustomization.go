package health

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// kustomization judges a layer. kustomize-controller (v1.9.6,
// kustomization_controller.go) sets Ready to Unknown at the start of every attempt. So
// "Unknown, progressing" alone may be a routine check of a healthy layer, a first
// attempt, or the time between two failures.
func (a *Assessor) kustomization(obj *unstructured.Unstructured, v Verdict) Verdict {
	ready := object.ConditionOf(obj, "Ready")
	if object.Bool(obj.Object, "spec", "suspend") {
		return v.with(Suspended, SpecSuspended, "reconciliation is suspended (spec.suspend)", time.Time{})
	}
	if stalled := object.ConditionOf(obj, "Stalled"); stalled.Is("True") {
		return v.FromCondition(Failing, stalled)
	}
	if Waits(obj) {
		return a.waiting(obj, v)
	}
	switch ready.Status {
	case "True":
		if ready.Behind(obj) {
			return a.notReconciled(obj, v)
		}
		return a.checkStale(obj, v.with(Ready, "", object.Text(obj.Object, "status", "lastAppliedRevision"), steadySince(obj, ready)))
	case "False":
		return a.kustomizationFalse(obj, v, ready)
	case "Unknown":
		return a.kustomizationTrying(obj, v, ready)
	default:
		return a.notReconciled(obj, v)
	}
}

func (a *Assessor) kustomizationFalse(obj *unstructured.Unstructured, v Verdict, ready object.Condition) Verdict {
	switch Reason(ready.Reason) {
	case "ArtifactFailed":
		if noArtifact(ready.Message) {
			return a.waitingForSource(obj, v, ready)
		}
	case underway, Canceled:
		return a.kustomizationTrying(obj, v, ready)
	}
	v = v.FromCondition(Failing, ready)
	v.Since = a.failingSince(obj, attemptOf(v.Statement))
	return v
}

// noArtifact matches the messages of a layer whose source has not fetched anything yet
// (kustomize-controller 0.x to 1.9).
func noArtifact(message string) bool {
	return strings.HasPrefix(message, "Source is not ready, artifact not found") ||
		strings.HasPrefix(message, "Source artifact not found")
}

// kustomizationTrying judges a layer during an attempt. An abandoned attempt comes
// first: the result of the last finished attempt does not explain why there is no next
// one.
func (a *Assessor) kustomizationTrying(obj *unstructured.Unstructured, v Verdict, ready object.Condition) Verdict {
	if late, ok := a.overdue(obj, v, ready); ok {
		return late
	}
	if failed, ok := a.lastAttemptFailed(obj, ready); ok {
		return v.retrying(failed, a.failingSince(obj, failed))
	}
	canceled := Reason(ready.Reason) == Canceled // never routine: something newer must be applied
	if isRoutineCheck(obj) && !canceled {
		return a.checkStale(obj, v.with(Ready, "", object.Text(obj.Object, "status", "lastAppliedRevision"), steadySince(obj, ready)))
	}
	if a.renewing(obj, ready) {
		return a.renewed(obj, v, ready)
	}
	if canceled {
		return a.checkStale(obj, v.FromCondition(Progressing, ready))
	}
	message := FirstLine(object.ConditionOf(obj, "Reconciling").Message)
	if message == "" {
		message = FirstLine(ready.Message)
	}
	return a.checkStale(obj, v.with(Progressing, underway, message, ready.Since))
}

// isRoutineCheck reports whether the current attempt is a routine check of what is already
// applied: the current spec and revision have succeeded before.
func isRoutineCheck(obj *unstructured.Unstructured) bool {
	applied := object.Text(obj.Object, "status", "lastAppliedRevision")
	return applied != "" && applied == object.Text(obj.Object, "status", "lastAttemptedRevision") &&
		object.Int(obj.Object, "status", "observedGeneration") >= obj.GetGeneration()
}

// notReconciled is the verdict on an object whose newest spec no controller has observed yet.
func (a *Assessor) notReconciled(obj *unstructured.Unstructured, v Verdict) Verdict {
	if never, ok := a.neverReconciled(obj, v); ok {
		return never
	}
	return a.checkStale(obj, v.with(Progressing, NotYetReconciled,
		fmt.Sprintf("Flux has not acted on its newest spec yet (generation %d)", obj.GetGeneration()),
		unobservedSince(obj)))
}

func (a *Assessor) waitingForSource(obj *unstructured.Unstructured, v Verdict, ready object.Condition) Verdict {
	ref := SourceOf(obj)
	v.WaitsFor = []object.Ref{ref}
	answer := a.snap.Lookup(ref)
	if answer.Presence == snapshot.Absent {
		return v.with(Failing, Reason(ready.Reason), ref.String()+" does not exist", ready.Since)
	}
	if a.lostArtifact(answer.Object, ready) {
		return v.with(Failing, Reason(ready.Reason), "the artifact of "+ref.Short()+" is not in its storage", ready.Since)
	}
	return a.checkStale(obj, v.with(Progressing, Reason(ready.Reason), "waits for "+ref.Short(), ready.Since))
}

// lostArtifact reports whether a source has had an artifact for some time that a layer
// does not find: the artifact server answers 404 (kustomize-controller 1.9, which
// retries every 30 s).
func (a *Assessor) lostArtifact(source *unstructured.Unstructured, ready object.Condition) bool {
	if source == nil || !strings.HasPrefix(ready.Message, "Source is not ready, artifact not found") {
		return false
	}
	stored := object.Time(source.Object, "status", "artifact", "lastUpdateTime")
	return !stored.IsZero() && ready.Since.Sub(stored) > Tolerance
}

// SourceOf is the object in spec.sourceRef of a Kustomization. Flux resolves
// the kind in its source group.
func SourceOf(obj *unstructured.Unstructured) object.Ref {
	source := object.Map(obj.Object, "spec", "sourceRef")
	ref := object.Ref{
		APIVersion: object.Text(source, "apiVersion"),
		Kind:       object.Text(source, "kind"),
		Namespace:  object.Text(source, "namespace"),
		Name:       object.Text(source, "name"),
	}
	if ref.APIVersion == "" {
		ref.APIVersion = object.GitRepositoryKind.Group + "/v1"
	}
	if ref.Namespace == "" {
		ref.Namespace = obj.GetNamespace()
	}
	return ref
}
