package health

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// sourceTimeout is the default of spec.timeout of all sources
// (source-controller api v1).
const sourceTimeout = time.Minute

// Timeout is how long one attempt of Flux at a Kustomization or a source may take. For
// a Kustomization, it is spec.timeout, or otherwise the interval minus 30 s, but at
// least 30 s (kustomize-controller api v1, GetTimeout).
func Timeout(obj *unstructured.Unstructured) time.Duration {
	own := object.Duration(obj.Object, "spec", "timeout")
	if obj.GetKind() != object.KustomizationKind.Kind {
		if own > 0 {
			return own
		}
		return sourceTimeout
	}
	if own == 0 {
		own = object.Duration(obj.Object, "spec", "interval") - 30*time.Second
	}
	return max(30*time.Second, own)
}

// lastProgress is when Flux last reported progress of the current attempt. Flux changes
// lastTransitionTime of a condition with each new message, so every step of an attempt
// is visible (fluxcd/pkg/runtime v0.60, conditions.Set).
func lastProgress(obj *unstructured.Unstructured) time.Time {
	var last time.Time
	for _, name := range []string{"Ready", "Reconciling", "Healthy"} {
		last = later(last, object.ConditionOf(obj, name).Since)
	}
	return last
}

// overdue judges an object whose current attempt has taken longer than its timeout. A
// late attempt is tolerated for some time: it may be queued behind other objects.
func (a *Assessor) overdue(obj *unstructured.Unstructured, v Verdict, ready object.Condition) (Verdict, bool) {
	last, timeout := lastProgress(obj), Timeout(obj)
	if last.IsZero() || a.now.Sub(last) <= timeout+Tolerance {
		return v, false
	}
	ago := duration.HumanDuration(a.now.Sub(last))
	if Reason(ready.Reason) == Canceled {
		return a.checkStale(obj, v.with(Failing, Canceled, fmt.Sprintf(
			"its health checks were canceled %s ago, and Flux has not reconciled it since (its timeout is %s)", ago, timeout), last)), true
	}
	message := FirstLine(object.ConditionOf(obj, "Reconciling").Message)
	if message == "" {
		message = FirstLine(ready.Message)
	}
	return a.checkStale(obj, v.with(Failing, Stuck, fmt.Sprintf(
		"it has been reconciling for %s, longer than its timeout of %s: %s", ago, timeout, message), last)), true
}

// neverReconciled judges an object for which no controller has written a status for longer
// than a first attempt may take.
func (a *Assessor) neverReconciled(obj *unstructured.Unstructured, v Verdict) (Verdict, bool) {
	created := obj.GetCreationTimestamp().Time
	if object.ConditionOf(obj, "Ready").Status != "" || created.IsZero() || a.now.Sub(created) <= Timeout(obj)+Tolerance {
		return v, false
	}
	return a.checkStale(obj, v.with(Failing, NeverReconciled, fmt.Sprintf(
		"no controller has reconciled it since it was created %s ago", duration.HumanDuration(a.now.Sub(created))), created)), true
}

// waitsForReady judges a layer that still reports to wait although all its dependencies
// have been ready for long. Flux checks them every 30 s (kustomize-controller 1.9,
// --requeue-dependency). Only "is not ready" counts: a ready dependency may have an
// older revision, or not satisfy the expression of the layer.
func (a *Assessor) waitsForReady(obj *unstructured.Unstructured, v Verdict, ready object.Condition) (Verdict, bool) {
	dependencies := Dependencies(obj)
	if v.Ref.Kind != object.KustomizationKind.Kind || len(v.WaitsFor) > 0 || len(dependencies) == 0 ||
		!strings.HasSuffix(FirstLine(ready.Message), "is not ready") {
		return v, false
	}
	last := ready.Since
	for _, ref := range dependencies {
		last = later(last, a.Of(ref).Since)
	}
	if last.IsZero() || a.now.Sub(last) <= 2*Tolerance {
		return v, false
	}
	return a.checkStale(obj, v.with(Failing, Stuck, fmt.Sprintf("it still waits for %s, which has been ready for %s",
		names(dependencies, v.Ref.Namespace), duration.HumanDuration(a.now.Sub(last))), last)), true
}
