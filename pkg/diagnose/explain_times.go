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

// deadline is until when an action in progress may take. What waits for another object
// has no deadline of its own.
func deadline(x *engine.Context, ref object.Ref, verdict health.Verdict) time.Time {
	obj := x.Snap.Lookup(ref).Object
	if obj == nil || verdict.Status != health.Progressing || len(verdict.WaitsFor) > 0 || verdict.Reason == "DependencyNotReady" {
		return time.Time{}
	}
	var since time.Time
	var timeout time.Duration
	switch ref.GroupKind() {
	case object.DeploymentKind:
		// Counted from the last progress (kubernetes v1.36, pkg/controller/deployment/progress.go).
		for _, c := range object.List(obj.Object, "status", "conditions") {
			if object.Text(c, "type") == "Progressing" {
				since = object.Time(c, "lastUpdateTime")
			}
		}
		timeout = time.Duration(object.IntOr(600, obj.Object, "spec", "progressDeadlineSeconds")) * time.Second
	case object.KustomizationKind:
		timeout = health.Timeout(obj)
	case object.HelmReleaseKind:
		timeout = 5 * time.Minute // helm-controller's default (api v2, GetTimeout)
		if own := object.Duration(obj.Object, "spec", "timeout"); own > 0 {
			timeout = own
		}
	}
	if since.IsZero() {
		since = verdict.Since
	}
	if since.IsZero() || timeout == 0 {
		return time.Time{}
	}
	return since.Add(timeout)
}
