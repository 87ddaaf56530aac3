// Package events finds the events of a tenant in a snapshot: which objects the tenant depends on,
// which events are about them, and which of these report the same.
package events

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// The types of events.
const (
	Normal  = "Normal"
	Warning = "Warning"
)

// Event is one event of a tenant.
type Event struct {
	// Object is the event itself. Do not write to it.
	Object *unstructured.Unstructured
	// About is the object that it is about.
	About object.Ref
	// Type is Normal or Warning.
	Type, Reason string
	// Message is the whole message, without surrounding white space.
	Message string
	// Source is the component that reported it.
	Source string
	object.Occurrences
}

// eventOf reads an event of core/v1 or of events.k8s.io/v1.
func eventOf(obj *unstructured.Unstructured) Event {
	return Event{
		Object: obj, About: object.Regarding(obj.Object),
		Type: object.Text(obj.Object, "type"), Reason: object.Text(obj.Object, "reason"),
		Message: strings.TrimSpace(cmp.Or(object.Text(obj.Object, "message"), object.Text(obj.Object, "note"))),
		Source:  object.ReporterOf(obj.Object), Occurrences: object.OccurrencesOf(obj.Object),
	}
}

// compare orders events by when they happened last, so that the newest is at the end.
func (e Event) compare(other Event) int {
	return cmp.Or(e.Last.Compare(other.Last), e.First.Compare(other.First), e.About.Compare(other.About),
		cmp.Compare(e.Reason, other.Reason), cmp.Compare(e.Object.GetName(), other.Object.GetName()))
}

// Filter selects events. The zero value selects all.
type Filter struct {
	// Types are the types to keep, all if there are none.
	Types []string
	// After is the time that the last occurrence must not be before.
	After time.Time
}

func (f Filter) keeps(e Event) bool {
	return (len(f.Types) == 0 || slices.Contains(f.Types, e.Type)) && !e.Last.Before(f.After)
}

// List are the events in the snapshot that are about objects of the scope and that the filter
// keeps, ordered by their last occurrence.
func List(snap *snapshot.Snapshot, scope Scope, filter Filter) []Event {
	var found []Event
	seen := map[string]bool{}
	for _, kind := range kinds {
		for _, obj := range snap.List(kind, "").Objects {
			e := eventOf(obj)
			key := obj.GetNamespace() + "/" + obj.GetName() // both APIs serve the same events
			if !seen[key] && scope.has(e) && filter.keeps(e) {
				seen[key] = true
				found = append(found, e)
			}
		}
	}
	slices.SortFunc(found, Event.compare)
	return found
}
