package diagnose

import (
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// nextTry is when Flux reconciles a Kustomization again: a retry interval (or the
// interval) after the last reconciliation ended. Flux adds no jitter by default. A
// stalled Kustomization is not retried until it changes; one that waits for a
// dependency is requeued at its own interval.
func (x *examiner) nextTry(ref finding.Ref) time.Time {
	obj := x.snap.Lookup(ref).Object
	if obj == nil || field.Bool(obj.Object, "spec", "suspend") || field.ConditionOf(obj, "Stalled").Status == "True" {
		return time.Time{}
	}
	every := field.Duration(obj.Object, "spec", "retryInterval")
	if every == 0 {
		every = field.Duration(obj.Object, "spec", "interval")
	}
	ready := field.ConditionOf(obj, "Ready")
	if ready.Status != "False" || ready.Reason == "DependencyNotReady" || every == 0 {
		return time.Time{}
	}
	last := ready.Since
	for _, e := range x.warnings(obj) {
		if e.Last.After(last) {
			last = e.Last
		}
	}
	if next := last.Add(every); next.After(x.now) {
		return next
	}
	return time.Time{}
}

// deadline is until when an action in progress may take. What waits for another object
// has no deadline of its own.
func (x *examiner) deadline(ref finding.Ref, verdict health.Verdict) time.Time {
	obj := x.snap.Lookup(ref).Object
	if obj == nil || verdict.Status != health.Progressing || len(verdict.WaitsFor) > 0 || verdict.Reason == "DependencyNotReady" {
		return time.Time{}
	}
	var since time.Time
	var timeout time.Duration
	switch ref.GroupKind() {
	case health.DeploymentKind:
		// Counted from the last progress (kubernetes v1.36, pkg/controller/deployment/progress.go).
		for _, c := range field.List(obj.Object, "status", "conditions") {
			if field.Text(c, "type") == "Progressing" {
				since = field.Time(c, "lastUpdateTime")
			}
		}
		timeout = time.Duration(field.IntOr(600, obj.Object, "spec", "progressDeadlineSeconds")) * time.Second
	case health.KustomizationKind:
		timeout = timeoutOf(obj)
	case health.HelmReleaseKind:
		timeout = 5 * time.Minute // helm-controller's default (api v2, GetTimeout)
		if own := field.Duration(obj.Object, "spec", "timeout"); own > 0 {
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
