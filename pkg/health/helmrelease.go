package health

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// helmRelease judges a release. helm-controller (v1.6.1, atomic_release.go)
// keeps a failing release Reconciling, often for ever; the failure counters and
// the Released condition tell it from one that is being installed.
func (a *Assessor) helmRelease(obj *unstructured.Unstructured, v Verdict) Verdict {
	if field.Bool(obj.Object, "spec", "suspend") {
		return v.be(Suspended, "Suspended", "reconciliation is switched off (spec.suspend)", time.Time{})
	}
	if stalled := conditionOf(obj, "Stalled"); stalled.is("True") {
		return v.be(Failing, stalled.reason, brief(stalled.message), stalled.since)
	}
	ready := conditionOf(obj, "Ready")
	switch {
	case ready.is("True") && !ready.behind(obj):
		return a.trust(obj, v.be(Ready, "", chartOf(obj), ready.since))
	case ready.is("True"):
		return a.unseen(obj, v)
	case ready.is("False") && ready.reason == "DependencyNotReady":
		return a.waiting(obj, v, ready)
	case ready.is("False") && ready.reason == "SourceNotReady":
		return a.waitingForChart(obj, v, ready)
	case ready.is("False") && ready.reason != "HealthCheckCanceled" && ready.reason != "Progressing":
		return v.be(Failing, ready.reason, brief(ready.message), ready.since)
	}
	if failed, ok := a.releaseFailed(obj); ok {
		return v.be(Failing, failed.reason, "trying again; last try: "+brief(failed.message), failed.at)
	}
	if ready.status == "" {
		return a.unseen(obj, v)
	}
	message := brief(conditionOf(obj, "Reconciling").message)
	if message == "" {
		message = brief(ready.message)
	}
	return a.trust(obj, v.be(Progressing, "Progressing", message, ready.since))
}

// releaseFailed finds out whether the newest finished try failed, while the
// next one runs.
func (a *Assessor) releaseFailed(obj *unstructured.Unstructured) (try, bool) {
	if released := conditionOf(obj, "Released"); released.is("False") && released.reason != "UninstallSucceeded" {
		return try{released.reason, released.message, released.since}, true
	}
	failures := field.Int(obj.Object, "status", "failures")
	if failures == 0 {
		return try{}, false
	}
	event, warned := a.warnings[finding.RefOf(obj).Key()]
	if !warned {
		event.reason, event.message = "Failed", fmt.Sprintf("%d tries failed", failures)
	}
	return try{event.reason, event.message, event.at}, true
}

// waitingForChart judges a release whose chart has not been fetched. The chart
// may just be under way; once source-controller has warned, it is not.
func (a *Assessor) waitingForChart(obj *unstructured.Unstructured, v Verdict, ready condition) Verdict {
	if a.now.Sub(ready.since) > 2*time.Minute {
		return v.be(Failing, ready.reason, brief(ready.message), ready.since)
	}
	return a.trust(obj, v.be(Progressing, ready.reason, brief(ready.message), ready.since))
}

// chartOf is "chart@version" of the newest release, as Helm writes it.
func chartOf(obj *unstructured.Unstructured) string {
	history := field.List(obj.Object, "status", "history")
	if len(history) == 0 {
		return ""
	}
	return field.Text(history[0], "chartName") + "@" + field.Text(history[0], "chartVersion")
}
