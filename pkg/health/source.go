package health

import (
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// source judges the source of a layer: GitRepository, OCIRepository, Bucket. A source
// that can no longer be fetched still serves its last artifact, so the layers look
// healthy but do not receive changes.
func (a *Assessor) source(obj *unstructured.Unstructured, v Verdict) Verdict {
	ready := object.ConditionOf(obj, "Ready")
	if object.Bool(obj.Object, "spec", "suspend") {
		return v.with(Suspended, SpecSuspended, "fetching is suspended (spec.suspend)", time.Time{})
	}
	for _, name := range []string{"Stalled", "FetchFailed", "StorageOperationFailed", "IncludeUnavailable"} {
		if failed := object.ConditionOf(obj, name); failed.Is("True") {
			return v.FromCondition(Failing, failed)
		}
	}
	behind := ready.Behind(obj)
	if v.Ref.Kind == object.ExternalArtifactKind.Kind { // the only source without status.observedGeneration (source-controller v1.9)
		behind = ready.Outdated(obj)
	}
	if ready.Is("Unknown") {
		if late, ok := a.overdue(obj, v, ready); ok {
			return late
		}
	}
	revision := object.Text(obj.Object, "status", "artifact", "revision")
	switch {
	case ready.Is("False"):
		return v.FromCondition(Failing, ready)
	case ready.Is("True") && behind:
		return a.notReconciled(obj, v)
	case ready.Is("True"), ready.Is("Unknown") && revision != "" && !behind:
		return a.checkStale(obj, v.with(Ready, "", revision, ready.Since))
	case ready.Is("Unknown"):
		return a.checkStale(obj, v.with(Progressing, underway, FirstLine(ready.Message), ready.Since))
	default:
		return a.notReconciled(obj, v)
	}
}
