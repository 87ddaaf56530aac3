package events

import (
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// Tracker finds what is new in later snapshots of the same events.
type Tracker struct {
	// versions are the resource versions of the events that are known.
	versions map[string]string
	// aside are events that were new, but about no object of the scope.
	aside map[string]bool
}

// New are the events of the scope that have changed since the last call, ordered by their last
// occurrence. Events about other objects are set aside: they are returned by a later call if
// they are about an object of its scope. Events that the snapshot no longer has are forgotten,
// unless those of their namespace could not be read.
func (t *Tracker) New(snap *snapshot.Snapshot, scope Scope, filter Filter) []Event {
	versions, aside := map[string]string{}, map[string]bool{}
	var found []Event
	readable := map[string]bool{}
	for _, kind := range kinds {
		for _, obj := range snap.List(kind, "").Objects {
			key := obj.GetNamespace() + "/" + obj.GetName()
			if _, twice := versions[key]; twice { // both APIs serve the same events
				continue
			}
			versions[key] = obj.GetResourceVersion()
			before, known := t.versions[key]
			if known && before == versions[key] && !t.aside[key] {
				continue
			}
			switch e := eventOf(obj); {
			case !scope.has(e):
				aside[key] = true
			case filter.keeps(e):
				found = append(found, e)
			}
		}
	}
	for key, version := range t.versions {
		namespace, _, _ := strings.Cut(key, "/")
		if _, ok := readable[namespace]; !ok {
			_, readable[namespace] = unreadIn(snap, namespace)
		}
		if _, ok := versions[key]; !ok && !readable[namespace] {
			versions[key] = version
		}
	}
	t.versions, t.aside = versions, aside
	slices.SortFunc(found, Event.compare)
	return found
}

// Aside reports whether events were set aside.
func (t *Tracker) Aside() bool { return len(t.aside) > 0 }

// Dismiss forgets the events that were set aside: they are known to be about objects of others.
func (t *Tracker) Dismiss() { t.aside = nil }
