package diagnose

import (
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// nextTry is when Flux reconciles a Kustomization again: a retry interval (or the
// interval) after the last reconciliation ended. Flux adds no jitter by default. A
// stalled Kustomization is not retried until it changes; one that waits for a
// dependency is requeued at its own interval.
func nextTry(x *engine.Context, ref object.Ref) time.Time {
	obj := x.Snap.Lookup(ref).Object
	if obj == nil || object.Bool(obj.Object, "spec", "suspend") || object.ConditionOf(obj, "Stalled").Status == "True" {
		return time.Time{}
	}
	every := object.Duration(obj.Object, "spec", "retryInterval")
	if every == 0 {
		every = object.Duration(obj.Object, "spec", "interval")
	}
	ready := object.ConditionOf(obj, "Ready")
	if ready.Status != "False" || ready.Reason == "DependencyNotReady" || every == 0 {
		return time.Time{}
	}
	last := ready.Since
	for _, e := range x.Warnings(obj) {
		if e.Last.After(last) {
			last = e.Last
		}
	}
	if next := last.Add(every); next.After(x.Now) {
		return next
	}
	return time.Time{}
}

// deadline is until when an action in progress may take.
func deadline(x *engine.Context, ref object.Ref, verdict health.Verdict) time.Time {
	verdict.Ref = ref
	return health.Deadline(x.Snap.Lookup(ref).Object, verdict)
}
