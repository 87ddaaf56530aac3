package health

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// kustomization judges a layer. kustomize-controller (v1.9.6,
// kustomization_controller.go) sets Ready to Unknown at the start of every try,
// so that "Unknown, progressing" alone may be a routine check of a healthy
// layer, a first try, or the moment between two failures.
func (a *Assessor) kustomization(obj *unstructured.Unstructured, v Verdict) Verdict {
	ready := conditionOf(obj, "Ready")
	if field.Bool(obj.Object, "spec", "suspend") {
		return v.be(Suspended, "Suspended", "reconciliation is switched off (spec.suspend)", time.Time{})
	}
	if stalled := conditionOf(obj, "Stalled"); stalled.is("True") {
		return v.be(Failing, stalled.reason, brief(stalled.message), stalled.since)
	}
	switch ready.status {
	case "True":
		if ready.behind(obj) {
			return a.unseen(obj, v)
		}
		return a.trust(obj, v.be(Ready, "", field.Text(obj.Object, "status", "lastAppliedRevision"), steadySince(obj, ready)))
	case "False":
		return a.kustomizationFalse(obj, v, ready)
	case "Unknown":
		return a.kustomizationTrying(obj, v, ready)
	default:
		return a.unseen(obj, v)
	}
}

func (a *Assessor) kustomizationFalse(obj *unstructured.Unstructured, v Verdict, ready condition) Verdict {
	switch ready.reason {
	case "DependencyNotReady", "DependencyNotFound":
		return a.waiting(obj, v, ready)
	case "ArtifactFailed":
		if noArtifact(ready.message) {
			return a.waitingForSource(obj, v, ready)
		}
	case "Progressing", "HealthCheckCanceled":
		return a.kustomizationTrying(obj, v, ready)
	}
	return v.be(Failing, ready.reason, brief(ready.message), failingSince(obj, ready.since))
}

// noArtifact knows the messages of a layer whose source has not fetched
// anything yet, by version (kustomize-controller 0.x to 1.9).
func noArtifact(message string) bool {
	return strings.HasPrefix(message, "Source is not ready, artifact not found") ||
		strings.HasPrefix(message, "Source artifact not found")
}

// kustomizationTrying judges a layer in the middle of a try.
func (a *Assessor) kustomizationTrying(obj *unstructured.Unstructured, v Verdict, ready condition) Verdict {
	if failed, ok := a.lastTryFailed(obj, ready); ok {
		return v.be(Failing, failed.reason, "trying again; last try: "+brief(failed.message), failingSince(obj, failed.at))
	}
	if settled(obj) {
		return a.trust(obj, v.be(Ready, "", field.Text(obj.Object, "status", "lastAppliedRevision"), steadySince(obj, ready)))
	}
	message := brief(conditionOf(obj, "Reconciling").message)
	if message == "" {
		message = brief(ready.message)
	}
	return a.trust(obj, v.be(Progressing, "Progressing", message, ready.since))
}

// settled tells whether a try under way is a routine check of what is already
// applied: today's spec and revision have succeeded before.
func settled(obj *unstructured.Unstructured) bool {
	applied := field.Text(obj.Object, "status", "lastAppliedRevision")
	return applied != "" && applied == field.Text(obj.Object, "status", "lastAttemptedRevision") &&
		field.Int(obj.Object, "status", "observedGeneration") >= obj.GetGeneration()
}

// unseen is the verdict on an object whose newest spec no controller has acted
// on yet.
func (a *Assessor) unseen(obj *unstructured.Unstructured, v Verdict) Verdict {
	return a.trust(obj, v.be(Progressing, "NotYetReconciled",
		fmt.Sprintf("Flux has not acted on its newest spec yet (generation %d)", obj.GetGeneration()),
		obj.GetCreationTimestamp().Time))
}

// waiting is the verdict on a layer held up by those it depends on. It is not
// failing itself, unless what it waits for can never come.
func (a *Assessor) waiting(obj *unstructured.Unstructured, v Verdict, ready condition) Verdict {
	v.WaitsFor = a.unmet(obj)
	v = v.be(Progressing, ready.reason, brief(ready.message), ready.since)
	for _, ref := range v.WaitsFor {
		if a.underway[ref.Key()] {
			return v.be(Failing, "DependencyCycle", "it waits for "+ref.Name+", which waits for it", ready.since)
		}
		switch needed := a.Of(ref); {
		case needed.Reason == "NotFound":
			return v.be(Failing, "DependencyNotFound", "it depends on "+ref.String()+", which does not exist", ready.since)
		case needed.Reason == "DependencyCycle":
			return v.be(Failing, "DependencyCycle", needed.Message, ready.since)
		default:
			v.Message = "waits for " + ref.Name
		}
	}
	return v
}

// unmet lists the dependencies of a layer or release that are not ready.
func (a *Assessor) unmet(obj *unstructured.Unstructured) []finding.Ref {
	var refs []finding.Ref
	for _, ref := range Dependencies(obj) {
		if a.underway[ref.Key()] || a.Of(ref).Status != Ready {
			refs = append(refs, ref)
		}
	}
	return refs
}

// Dependencies are the objects in spec.dependsOn of a Kustomization or
// HelmRelease, always of its own kind, in its own namespace unless said.
func Dependencies(obj *unstructured.Unstructured) []finding.Ref {
	var refs []finding.Ref
	for _, dep := range field.List(obj.Object, "spec", "dependsOn") {
		ref := finding.RefOf(obj)
		ref.Name = field.Text(dep, "name")
		if namespace := field.Text(dep, "namespace"); namespace != "" {
			ref.Namespace = namespace
		}
		refs = append(refs, ref)
	}
	return refs
}

func (a *Assessor) waitingForSource(obj *unstructured.Unstructured, v Verdict, ready condition) Verdict {
	ref := SourceOf(obj)
	v.WaitsFor = []finding.Ref{ref}
	if a.Of(ref).Reason == "NotFound" {
		return v.be(Failing, ready.reason, ref.String()+" does not exist", ready.since)
	}
	return v.be(Progressing, ready.reason, "waits for "+ref.Short(), ready.since)
}

// SourceOf is the object in spec.sourceRef of a Kustomization. Flux resolves
// the kind in its source group.
func SourceOf(obj *unstructured.Unstructured) finding.Ref {
	source := field.Map(obj.Object, "spec", "sourceRef")
	ref := finding.Ref{
		APIVersion: field.Text(source, "apiVersion"),
		Kind:       field.Text(source, "kind"),
		Namespace:  field.Text(source, "namespace"),
		Name:       field.Text(source, "name"),
	}
	if ref.APIVersion == "" {
		ref.APIVersion = GitRepositoryKind.Group + "/v1"
	}
	if ref.Namespace == "" {
		ref.Namespace = obj.GetNamespace()
	}
	return ref
}
