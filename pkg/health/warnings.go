package health

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// Warning is a Warning event about an object.
type Warning struct {
	Reason string
	// Message is the whole message, without surrounding white space.
	Message string
	// Source is the component that reported it.
	Source string
	object.Occurrences
}

// Field is the field of the event in evidence.
func (w Warning) Field() string { return "event " + w.Reason }

// Warnings are the Warning events about each object, the newest first.
type Warnings map[object.Key][]Warning

// WarningsIn indexes the Warning events of a snapshot by the objects that they are
// about.
func WarningsIn(snap *snapshot.Snapshot) Warnings {
	found := Warnings{}
	for _, event := range snap.List(object.EventKind, "").Objects {
		if object.Text(event.Object, "type") != "Warning" {
			continue
		}
		key := object.Regarding(event.Object).Key()
		found[key] = append(found[key], warningFrom(event.Object))
	}
	for _, events := range found {
		slices.SortStableFunc(events, func(a, b Warning) int { return b.Last.Compare(a.Last) })
	}
	return found
}

func warningFrom(event map[string]any) Warning {
	return Warning{
		Reason: object.Text(event, "reason"), Message: strings.TrimSpace(object.Text(event, "message")),
		Source: object.ReporterOf(event), Occurrences: object.OccurrencesOf(event),
	}
}

// About are the events about the current object, the newest first: events about an
// earlier object of the same name are omitted.
func (w Warnings) About(obj *unstructured.Unstructured) []Warning {
	created := obj.GetCreationTimestamp().Time
	var found []Warning
	for _, event := range w[object.RefOf(obj).Key()] {
		if !event.Last.Before(created) {
			found = append(found, event)
		}
	}
	return found
}

// notFailures are reasons of Warning events that report no failed attempt.
var notFailures = map[string]bool{
	"DependencyNotReady": true, "HealthCheckCanceled": true, "Progressing": true,
	// helm-controller v1.6: reported by an attempt that continues.
	"DriftDetected": true, "InventoryBuildFailed": true, "NamespaceCheckSkipped": true,
}

// lastWarning is the newest Warning event about a failed attempt at the object.
func (a *Assessor) lastWarning(obj *unstructured.Unstructured) (Warning, bool) {
	for _, event := range a.Warnings[object.RefOf(obj).Key()] {
		if !notFailures[event.Reason] {
			return event, !event.Last.Before(obj.GetCreationTimestamp().Time)
		}
	}
	return Warning{}, false
}

// NeedsWarnings reports whether Warning events may determine the verdict on a Kustomization or a
// HelmRelease: its last attempt may have failed although its conditions do not show it.
func NeedsWarnings(obj *unstructured.Unstructured) bool {
	ready := object.ConditionOf(obj, "Ready")
	return !object.Bool(obj.Object, "spec", "suspend") && (!ready.Is("True") || ready.Behind(obj))
}
