package health

import (
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// try is a finished attempt of Flux at an object.
type try struct {
	reason, message string
	at              time.Time
}

// succeeded is the word that kustomize-controller writes into status.history
// for a good try.
const succeeded = "ReconciliationSucceeded"

// lastTryFailed finds out whether the newest finished try of a layer failed.
// While the next one runs, the Ready condition no longer says so; four other
// places may: the Reconciling condition, status.history (Flux 2.7 and later),
// the Healthy condition, and the Warning events.
func (a *Assessor) lastTryFailed(obj *unstructured.Unstructured, ready condition) (try, bool) {
	event, warned := a.warnings[finding.RefOf(obj).Key()]
	newest, recorded := lastRecorded(obj)
	reconciling := conditionOf(obj, "Reconciling")
	switch {
	case !recorded && settled(obj): // an old event proves nothing against it
		return try{}, false
	case recorded && newest.reason != succeeded:
		if warned {
			newest.message = event.message
		}
		return newest, true
	case warned && event.at.After(newest.at) && event.at.After(conditionOf(obj, "Healthy").trueSince()):
		return try{event.reason, event.message, event.at}, true
	case reconciling.reason == "ProgressingWithRetry" && ready.reason != "HealthCheckCanceled":
		return try{"ProgressingWithRetry", reconciling.message, reconciling.since}, true
	}
	if healthy := conditionOf(obj, "Healthy"); healthy.is("False") && !recorded {
		return try{healthy.reason, healthy.message, healthy.since}, true
	}
	return try{}, false
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
	return try{reason, reason, field.Time(history[0], "lastReconciled")}, reason != ""
}

// steadySince is when an unbroken row of good tries began. The Ready condition
// can't tell: it turns Unknown and back at every interval.
func steadySince(obj *unstructured.Unstructured, ready condition) time.Time {
	history := field.List(obj.Object, "status", "history")
	if len(history) == 0 {
		return ready.since
	}
	var since, broken time.Time
	for _, entry := range history {
		if field.Text(entry, "lastReconciledStatus") != succeeded {
			broken = later(broken, field.Time(entry, "lastReconciled"))
			continue
		}
		if first := field.Time(entry, "firstReconciled"); since.IsZero() || first.Before(since) {
			since = first
		}
	}
	return later(since, broken)
}

// failingSince is when the present row of failures began: for the same content,
// the first time that it failed.
func failingSince(obj *unstructured.Unstructured, fallback time.Time) time.Time {
	history := field.List(obj.Object, "status", "history")
	if len(history) == 0 || field.Text(history[0], "lastReconciledStatus") == succeeded {
		return fallback
	}
	since := field.Time(history[0], "firstReconciled")
	for _, entry := range history[1:] {
		if field.Text(entry, "lastReconciledStatus") == succeeded {
			since = later(since, field.Time(entry, "lastReconciled"))
		}
	}
	return since
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// warning is the newest Warning event about an object.
type warning struct {
	reason, message string
	at              time.Time
}

// notFailures are reasons of Warning events that report no failed try.
var notFailures = map[string]bool{"DependencyNotReady": true, "HealthCheckCanceled": true, "Progressing": true}

// latestWarnings indexes the Warning events about Flux's objects.
func latestWarnings(snap *snapshot.Snapshot) map[finding.Key]warning {
	latest := map[finding.Key]warning{}
	for _, event := range snap.List(EventKind, "").Objects {
		kind := field.Text(event.Object, "involvedObject", "kind")
		reason := field.Text(event.Object, "reason")
		if field.Text(event.Object, "type") != "Warning" || kind != "Kustomization" && kind != "HelmRelease" || notFailures[reason] {
			continue
		}
		about := finding.Ref{
			APIVersion: field.Text(event.Object, "involvedObject", "apiVersion"),
			Kind:       kind,
			Namespace:  field.Text(event.Object, "involvedObject", "namespace"),
			Name:       field.Text(event.Object, "involvedObject", "name"),
		}.Key()
		found := warning{reason, field.Text(event.Object, "message"), eventTime(event)}
		if known, ok := latest[about]; !ok || found.at.After(known.at) {
			latest[about] = found
		}
	}
	return latest
}

// eventTime is when an event last happened, in the order in which the two
// event APIs fill their fields.
func eventTime(event *unstructured.Unstructured) time.Time {
	for _, path := range [][]string{{"series", "lastObservedTime"}, {"lastTimestamp"}, {"eventTime"}, {"firstTimestamp"}} {
		if at := field.Time(event.Object, path...); !at.IsZero() {
			return at
		}
	}
	return event.GetCreationTimestamp().Time
}

// brief is the first line of a message, with the parts that only say "it
// failed" taken off the front.
func brief(message string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(message), "\n")
	return strings.TrimSuffix(strings.TrimSpace(line), ".")
}
