package health

import (
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
)

// try is a finished attempt of Flux at an object.
type try struct {
	reason, message string
	at              time.Time
}

// succeeded is the word that kustomize-controller writes into status.history
// for a good try.
const succeeded = "ReconciliationSucceeded"

// again tells of a failed try while the next one runs.
func (t try) again() string {
	if t.message == "" {
		return "trying again after a failure"
	}
	return "trying again; last try: " + brief(t.message)
}

// lastTryFailed finds out whether the newest finished try of a layer failed.
// While the next one runs, the Ready condition no longer says so; four other
// places may: status.history (Flux 2.7 and later), the Healthy condition, the
// Warning events, and the Reconciling condition.
func (a *Assessor) lastTryFailed(obj *unstructured.Unstructured, ready condition) (try, bool) {
	event, warned := a.warningAbout(obj)
	newest, recorded := lastRecorded(obj)
	healthy := conditionOf(obj, "Healthy")
	switch {
	case recorded && newest.reason != succeeded:
		return inWords(newest, event, healthy), true
	case recorded && warned && event.at.After(newest.at) && event.at.After(healthy.trueSince()):
		return event.try(), true
	case !recorded && healthy.is("False"): // every good try makes it True or takes it away
		return try{healthy.reason, healthy.message, healthy.since}, true
	case !recorded && warned && !settled(obj) && event.at.After(lastTryBegan(obj, ready)) && event.at.After(healthy.trueSince()):
		return event.try(), true
	}
	reconciling := conditionOf(obj, "Reconciling")
	if reconciling.reason == "ProgressingWithRetry" && ready.reason != "HealthCheckCanceled" {
		return try{reason: reconciling.reason, at: reconciling.since}, true // its message is about the present try
	}
	return try{}, false
}

// inWords finds the words for a failure that the history, which has none,
// records. A newer warning is of a later failure, one that comes before the
// history is written (BuildFailed, ArtifactFailed); an older one of the same
// sort is the same failure again, since the event recorder leaves out repeats.
func inWords(recorded try, event warning, healthy condition) try {
	switch {
	case !event.at.Before(recorded.at) && event.reason != "":
		return event.try()
	case recorded.reason == "HealthCheckFailed" && healthy.is("False"):
		recorded.message = healthy.message
	case event.reason == recorded.reason:
		recorded.message = event.message
	}
	return recorded
}

// lastTryBegan is the earliest moment at which the try before the present one
// can have failed: a failed one is repeated after the retry interval. It tells a
// warning about that try from an older one where no history is written.
func lastTryBegan(obj *unstructured.Unstructured, present condition) time.Time {
	wait := field.Duration(obj.Object, "spec", "retryInterval")
	if wait == 0 {
		wait = field.Duration(obj.Object, "spec", "interval")
	}
	return present.since.Add(-wait - time.Minute)
}

func (c condition) trueSince() time.Time {
	if c.is("True") {
		return c.since
	}
	return time.Time{}
}

// lastRecorded is the newest entry of a Kustomization's status.history, which
// is first (fluxcd/pkg/apis/meta v1.30, history.go).
func lastRecorded(obj *unstructured.Unstructured) (try, bool) {
	history := field.List(obj.Object, "status", "history")
	if len(history) == 0 {
		return try{}, false
	}
	reason := field.Text(history[0], "lastReconciledStatus")
	return try{reason: reason, at: field.Time(history[0], "lastReconciled")}, reason != ""
}

// steadySince is when an unbroken row of good tries began. The Ready condition
// can't tell: it turns Unknown and back at every interval.
func steadySince(obj *unstructured.Unstructured, ready condition) time.Time {
	if since := rowBegan(obj, true); !since.IsZero() {
		return since
	}
	return ready.since
}

// failingSince is when the present row of failures began: by the history, or by
// the event about the same failure, which knows its first time.
func (a *Assessor) failingSince(obj *unstructured.Unstructured, failed try) time.Time {
	newest, recorded := lastRecorded(obj)
	if recorded && newest.reason != succeeded {
		return rowBegan(obj, false)
	}
	event, warned := a.warningAbout(obj)
	if warned && event.reason == failed.reason && event.at.After(newest.at) {
		return later(event.first, newest.at)
	}
	return failed.at
}

// rowBegan is when the unbroken row of good, or of bad, tries began that the
// history ends with. Each of its entries sums up the tries of one sort.
func rowBegan(obj *unstructured.Unstructured, good bool) time.Time {
	history := field.List(obj.Object, "status", "history")
	var began, broken time.Time
	of := func(entry map[string]any) bool {
		return (field.Text(entry, "lastReconciledStatus") == succeeded) == good
	}
	for _, entry := range history {
		if !of(entry) {
			broken = later(broken, field.Time(entry, "lastReconciled"))
		}
	}
	for _, entry := range history {
		if !of(entry) || !field.Time(entry, "lastReconciled").After(broken) {
			continue
		}
		if first := later(field.Time(entry, "firstReconciled"), broken); began.IsZero() || first.Before(began) {
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

// brief is the first line of a message, without its full stop: controllers
// append logs to theirs.
func brief(message string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(message), "\n")
	return strings.TrimSuffix(strings.TrimSpace(line), ".")
}
