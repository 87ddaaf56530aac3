package health

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// attempt is a finished attempt of Flux to reconcile an object.
type attempt struct {
	reason Reason
	at     time.Time
	// statement is the message about its result; the zero Statement if none is left.
	statement Statement
	// before is how many attempts have failed, if nothing else is known.
	before int64
}

// succeededReason is the reason that kustomize-controller writes into status.history for a
// successful attempt.
const succeededReason Reason = "ReconciliationSucceeded"

func attemptOf(statement Statement) attempt {
	return attempt{reason: Reason(statement.Reason), at: statement.At, statement: statement}
}

// retrying is the verdict on an object whose last attempt failed while the next one
// runs.
func (v Verdict) retrying(failed attempt, since time.Time) Verdict {
	v.Statement = failed.statement
	message := "retrying after a failure"
	switch {
	case failed.statement.Message != "":
		message = "retrying; last attempt: " + FirstLine(failed.statement.Message)
	case failed.before > 0:
		message = fmt.Sprintf("retrying after %d failed attempts", failed.before)
	}
	return v.with(Failing, failed.reason, message, since)
}

// lastAttemptFailed reports whether the newest finished attempt at a layer failed. While
// the next one runs, the Ready condition no longer shows it; four other places may:
// status.history (Flux 2.7 and later), the Healthy condition, the Warning events, and
// the Reconciling condition.
func (a *Assessor) lastAttemptFailed(obj *unstructured.Unstructured, ready object.Condition) (attempt, bool) {
	event, warned := a.lastWarning(obj)
	newest, recorded := lastRecorded(obj)
	healthy := object.ConditionOf(obj, "Healthy")
	switch {
	case recorded && newest.reason != succeededReason:
		return withMessage(newest, event, healthy), true
	case recorded && warned && event.Last.After(newest.at) && event.Last.After(trueSince(healthy)):
		return attemptOf(event.statement()), true
	case !recorded && healthy.Is("False"): // every successful attempt sets it to True or removes it
		return attemptOf(statementOf(healthy)), true
	case !recorded && warned && !isRoutineCheck(obj) && event.Last.After(lastAttemptBegan(obj, ready)) && event.Last.After(trueSince(healthy)):
		return attemptOf(event.statement()), true
	}
	reconciling := object.ConditionOf(obj, "Reconciling")
	if reconciling.Reason == "ProgressingWithRetry" && Reason(ready.Reason) != Canceled {
		return attempt{reason: Reason(reconciling.Reason), at: reconciling.Since}, true // it is about the current attempt
	}
	return attempt{}, false
}

// withMessage finds the message for a failure that the history, which has no messages,
// records. A newer event is about a later failure, one before the history is written
// (BuildFailed, ArtifactFailed); an older event of the same kind is about the same
// failure, since the event recorder omits repetitions.
func withMessage(recorded attempt, event Warning, healthy object.Condition) attempt {
	switch {
	case !event.Last.Before(recorded.at) && event.Reason != "":
		return attemptOf(event.statement())
	case recorded.reason == "HealthCheckFailed" && healthy.Is("False"):
		recorded.statement = statementOf(healthy)
	case Reason(event.Reason) == recorded.reason:
		recorded.statement = event.statement()
	}
	return recorded
}

// lastAttemptBegan is the earliest time at which the previous attempt can have failed: a
// failed attempt is repeated after the retry interval. It distinguishes an event about
// that attempt from an older one if no history is written.
func lastAttemptBegan(obj *unstructured.Unstructured, present object.Condition) time.Time {
	wait := object.Duration(obj.Object, "spec", "retryInterval")
	if wait == 0 {
		wait = object.Duration(obj.Object, "spec", "interval")
	}
	return present.Since.Add(-wait - time.Minute)
}

// trueSince is since when a condition has been True, zero if it is not.
func trueSince(c object.Condition) time.Time {
	if c.Is("True") {
		return c.Since
	}
	return time.Time{}
}

// lastRecorded is the newest entry of a Kustomization's status.history, which
// is first (fluxcd/pkg/apis/meta v1.30, history.go).
func lastRecorded(obj *unstructured.Unstructured) (attempt, bool) {
	history := object.List(obj.Object, "status", "history")
	if len(history) == 0 {
		return attempt{}, false
	}
	reason := Reason(object.Text(history[0], "lastReconciledStatus"))
	return attempt{reason: reason, at: object.Time(history[0], "lastReconciled")}, reason != ""
}

// LastReconciled is when a Kustomization was last reconciled, whatever the result, the zero time
// if that is not recorded.
func LastReconciled(obj *unstructured.Unstructured) time.Time {
	last, _ := lastRecorded(obj)
	return last.at
}

// steadySince is when an unbroken sequence of successful attempts began. The Ready
// condition does not show it: it turns Unknown and back at every interval.
func steadySince(obj *unstructured.Unstructured, ready object.Condition) time.Time {
	if since := streakBegan(obj, true); !since.IsZero() {
		return since
	}
	return ready.Since
}

// failingSince is when the current sequence of failures began: according to the
// history, or to the first occurrence of the event about the same failure.
func (a *Assessor) failingSince(obj *unstructured.Unstructured, failed attempt) time.Time {
	newest, recorded := lastRecorded(obj)
	if recorded && newest.reason != succeededReason {
		return streakBegan(obj, false)
	}
	event, warned := a.lastWarning(obj)
	if warned && Reason(event.Reason) == failed.reason && event.Last.After(newest.at) {
		return later(event.First, newest.at)
	}
	return failed.at
}

// streakBegan is when the unbroken sequence of successful, or of failed, attempts at
// the end of the history began. Each entry summarizes the attempts of one kind.
func streakBegan(obj *unstructured.Unstructured, good bool) time.Time {
	history := object.List(obj.Object, "status", "history")
	var began, broken time.Time
	of := func(entry map[string]any) bool {
		return (Reason(object.Text(entry, "lastReconciledStatus")) == succeededReason) == good
	}
	for _, entry := range history {
		if !of(entry) {
			broken = later(broken, object.Time(entry, "lastReconciled"))
		}
	}
	for _, entry := range history {
		if !of(entry) || !object.Time(entry, "lastReconciled").After(broken) {
			continue
		}
		if first := later(object.Time(entry, "firstReconciled"), broken); began.IsZero() || first.Before(began) {
			began = first
		}
	}
	return began
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// FirstLine is the first line of a message, without its period: controllers append logs to
// their messages.
func FirstLine(message string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(message), "\n")
	return strings.TrimSuffix(strings.TrimSpace(line), ".")
}
