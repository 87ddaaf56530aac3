package health

import (
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// helmRelease judges a release. helm-controller (v1.6.1, atomic_release.go) keeps a
// failing release Reconciling, often permanently; the failure counters and the Released
// condition distinguish it from one that is being installed.
func (a *Assessor) helmRelease(obj *unstructured.Unstructured, v Verdict) Verdict {
	if object.Bool(obj.Object, "spec", "suspend") {
		return v.with(Suspended, SpecSuspended, "reconciliation is suspended (spec.suspend)", time.Time{})
	}
	if stalled := object.ConditionOf(obj, "Stalled"); stalled.Is("True") {
		return v.FromCondition(Failing, stalled)
	}
	if Waits(obj) {
		return a.waiting(obj, v)
	}
	ready := object.ConditionOf(obj, "Ready")
	switch {
	case ready.Is("True") && !ready.Behind(obj):
		return a.checkStale(obj, v.with(Ready, "", chartOf(obj), ready.Since))
	case ready.Is("True"):
		return a.notReconciled(obj, v)
	case ready.Is("False") && (ready.Reason == "SourceNotReady" || strings.HasPrefix(ready.Message, "Source not ready: artifact not found")):
		return a.waitingForChart(obj, v, ready)
	case ready.Is("False") && Reason(ready.Reason) != Canceled && Reason(ready.Reason) != underway:
		return v.FromCondition(Failing, ready)
	}
	trying := a.progressing(obj, v, ready)
	if event, warned := a.lastWarning(obj); trying.Reason == Stuck && !(warned && event.Last.After(ready.Since)) {
		return trying // the last finished attempt does not explain why there is no next one
	}
	if failed, ok := a.releaseFailed(obj); ok {
		return v.retrying(failed, failed.at)
	}
	if ready.Status == "" {
		return a.notReconciled(obj, v)
	}
	return trying
}

// releaseFailed reports whether the newest finished attempt failed while the next one
// runs. The counter alone proves nothing: an install that needed two attempts keeps it
// until the spec changes (helm-controller, install.go).
func (a *Assessor) releaseFailed(obj *unstructured.Unstructured) (attempt, bool) {
	released, tested := object.ConditionOf(obj, "Released"), object.ConditionOf(obj, "TestSuccess")
	failures := object.Int(obj.Object, "status", "failures")
	switch {
	case released.Is("False") && released.Reason != "UninstallSucceeded":
		return attemptOf(statementOf(released)), true
	case tested.Is("False") && failures > 0: // an ignored failure of a test is not counted then
		return attemptOf(statementOf(tested)), true
	case released.Is("True") || failures == 0:
		return attempt{}, false
	}
	if event, warned := a.lastWarning(obj); warned {
		return attempt{reason: Reason(event.Reason), at: event.First, statement: event.statement()}, true
	}
	return attempt{reason: "Failed", before: failures}, true
}

// chartFetchTime is how long a chart may take to be fetched.
const chartFetchTime = 2 * time.Minute

// waitingForChart judges a release whose chart has not been fetched. At first, the
// fetch may be in progress; later, something prevents source-controller from it.
func (a *Assessor) waitingForChart(obj *unstructured.Unstructured, v Verdict, ready object.Condition) Verdict {
	if a.now.Sub(ready.Since) > chartFetchTime {
		return v.FromCondition(Failing, ready)
	}
	return a.checkStale(obj, v.FromCondition(Progressing, ready))
}

// chartOf is "chart@version" of the newest release, as Helm writes it.
func chartOf(obj *unstructured.Unstructured) string {
	history := object.List(obj.Object, "status", "history")
	if len(history) == 0 {
		return ""
	}
	return object.Text(history[0], "chartName") + "@" + object.Text(history[0], "chartVersion")
}
