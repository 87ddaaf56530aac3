package health

import (
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
)

// source judges where a layer comes from: GitRepository, OCIRepository, Bucket.
// A source that can no longer be fetched still serves its last artifact, so
// the layers look fine while nothing new arrives.
func (a *Assessor) source(obj *unstructured.Unstructured, v Verdict) Verdict {
	ready := conditionOf(obj, "Ready")
	if field.Bool(obj.Object, "spec", "suspend") {
		return v.be(Suspended, "Suspended", "fetching is suspended (spec.suspend)", time.Time{})
	}
	for _, name := range []string{"Stalled", "FetchFailed", "StorageOperationFailed", "IncludeUnavailable"} {
		if failed := conditionOf(obj, name); failed.is("True") {
			return v.be(Failing, failed.reason, brief(failed.message), failed.since)
		}
	}
	behind := ready.behind(obj)
	if v.Ref.Kind == ExternalArtifactKind.Kind { // the one without status.observedGeneration (source-controller v1.9)
		behind = ready.outdated(obj)
	}
	if ready.is("Unknown") {
		if late, ok := a.overdue(obj, v, ready); ok {
			return late
		}
	}
	revision := field.Text(obj.Object, "status", "artifact", "revision")
	switch {
	case ready.is("False"):
		return v.be(Failing, ready.reason, brief(ready.message), ready.since)
	case ready.is("True") && behind:
		return a.unseen(obj, v)
	case ready.is("True"), ready.is("Unknown") && revision != "" && !behind:
		return a.trust(obj, v.be(Ready, "", revision, ready.since))
	case ready.is("Unknown"):
		return a.trust(obj, v.be(Progressing, "Progressing", brief(ready.message), ready.since))
	default:
		return a.unseen(obj, v)
	}
}
