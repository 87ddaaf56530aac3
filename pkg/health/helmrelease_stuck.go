package health

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// actionMargin is how long an action may take beyond its timeout: to render the chart,
// and to write the status.
const actionMargin = time.Minute

// actionTimeout matches the message of helm-controller about the running action
// (v1.6.1, atomic_release.go).
var actionTimeout = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^Running '[a-z ]+' action with timeout of (\S+)$`)
})

// ActionTimeout is how long Helm may wait in the action that a release reports as
// running. Without such a message, it is spec.timeout, by default five minutes
// (helm-controller api v2, GetTimeout).
func ActionTimeout(obj *unstructured.Unstructured) time.Duration {
	for _, kind := range []string{"Ready", "Reconciling"} {
		if found := actionTimeout().FindStringSubmatch(object.ConditionOf(obj, kind).Message); found != nil {
			if timeout, err := time.ParseDuration(found[1]); err == nil && timeout > 0 {
				return timeout
			}
		}
	}
	if timeout := object.Duration(obj.Object, "spec", "timeout"); timeout > 0 {
		return timeout
	}
	return 5 * time.Minute
}

// ActionFinished reports whether, according to the history of a release, the action
// that it reports as running has ended: helm-controller records a revision there after
// Helm has finished.
func ActionFinished(obj *unstructured.Unstructured) bool {
	history := object.List(obj.Object, "status", "history")
	if len(history) == 0 || object.Text(history[0], "status") != "deployed" {
		return false
	}
	ready := object.ConditionOf(obj, "Ready")
	return strings.HasPrefix(ready.Message, "Running 'install' action") || object.Time(history[0], "lastDeployed").After(ready.Since)
}

// progressing is the verdict on a release that reports to be in progress. If it has
// done so for longer than Helm can wait, it is stuck: no action runs. Each hook may
// wait as long as the release itself, so an action may take twice its timeout; this
// does not apply to an action that has ended according to the history, or that a newer
// helm-controller never started.
func (a *Assessor) progressing(obj *unstructured.Unstructured, v Verdict, ready object.Condition) Verdict {
	reason, message := underway, FirstLine(object.ConditionOf(obj, "Reconciling").Message)
	canceled := Reason(ready.Reason) == Canceled
	if canceled {
		reason, message = Canceled, ""
	}
	if message == "" {
		message = FirstLine(ready.Message)
	}
	v = a.checkStale(obj, v.with(Progressing, reason, message, ready.Since))
	if v.Status != Progressing || ready.Since.IsZero() {
		return v
	}
	timeout, took := ActionTimeout(obj), a.now.Sub(ready.Since)
	limit := timeout + actionMargin
	if !canceled && !ActionFinished(obj) && !a.restartedSince(ready.Since) {
		limit += timeout
	}
	if took <= limit {
		return v
	}
	return v.with(Failing, Stuck, fmt.Sprintf("in progress for %s, its timeout is %s: %s",
		duration.HumanDuration(took), duration.HumanDuration(timeout), v.Message), ready.Since)
}

// restartedSince reports whether a helm-controller acquired the Lease after that time.
func (a *Assessor) restartedSince(at time.Time) bool {
	for _, lease := range a.snap.List(object.LeaseKind, "").Objects {
		if strings.HasPrefix(lease.GetName(), "helm-controller") && object.Time(lease.Object, "spec", "acquireTime").After(at) {
			return true
		}
	}
	return false
}
