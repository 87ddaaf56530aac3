package health

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
)

// helmRelease judges a release. helm-controller (v1.6.1, atomic_release.go)
// keeps a failing release Reconciling, often for ever; the failure counters and
// the Released condition tell it from one that is being installed.
func (a *Assessor) helmRelease(obj *unstructured.Unstructured, v Verdict) Verdict {
	if field.Bool(obj.Object, "spec", "suspend") {
		return v.be(Suspended, "Suspended", "reconciliation is suspended (spec.suspend)", time.Time{})
	}
	if stalled := conditionOf(obj, "Stalled"); stalled.is("True") {
		return v.be(Failing, stalled.reason, brief(stalled.message), stalled.since)
	}
	if waits(obj) {
		return a.waiting(obj, v)
	}
	ready := conditionOf(obj, "Ready")
	switch {
	case ready.is("True") && !ready.behind(obj):
		return a.trust(obj, v.be(Ready, "", chartOf(obj), ready.since))
	case ready.is("True"):
		return a.unseen(obj, v)
	case ready.is("False") && (ready.reason == "SourceNotReady" || strings.HasPrefix(ready.message, "Source not ready: artifact not found")):
		return a.waitingForChart(obj, v, ready)
	case ready.is("False") && ready.reason != "HealthCheckCanceled" && ready.reason != "Progressing":
		return v.be(Failing, ready.reason, brief(ready.message), ready.since)
	}
	trying := a.progressing(obj, v, ready)
	if event, warned := a.warningAbout(obj); trying.Reason == Stuck && !(warned && event.at.After(ready.since)) {
		return trying // what its last finished try came to is not why there is no next one
	}
	if failed, ok := a.releaseFailed(obj); ok {
		return v.be(Failing, failed.reason, failed.again(), failed.at)
	}
	if ready.status == "" {
		return a.unseen(obj, v)
	}
	return trying
}

// releaseFailed finds out whether the newest finished try failed, while the
// next one runs. The counter alone proves nothing: an install that needed two
// tries keeps it until the spec changes (helm-controller, install.go).
func (a *Assessor) releaseFailed(obj *unstructured.Unstructured) (try, bool) {
	released, tested := conditionOf(obj, "Released"), conditionOf(obj, "TestSuccess")
	failures := field.Int(obj.Object, "status", "failures")
	switch {
	case released.is("False") && released.reason != "UninstallSucceeded":
		return try{released.reason, released.message, released.since}, true
	case tested.is("False") && failures > 0: // a test whose failure is ignored counts none in the next try
		return try{tested.reason, tested.message, tested.since}, true
	case released.is("True") || failures == 0:
		return try{}, false
	}
	if event, warned := a.warningAbout(obj); warned {
		return try{event.reason, event.message, event.first}, true
	}
	return try{reason: "Failed", message: fmt.Sprintf("%d tries failed", failures)}, true
}

// fetching is how long a chart may take to be fetched.
const fetching = 2 * time.Minute

// waitingForChart judges a release whose chart has not been fetched. It may just
// be under way; later something keeps source-controller from it.
func (a *Assessor) waitingForChart(obj *unstructured.Unstructured, v Verdict, ready condition) Verdict {
	if a.now.Sub(ready.since) > fetching {
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
