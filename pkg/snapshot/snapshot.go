// Package snapshot is an immutable store of what a cluster said: its objects,
// and as carefully, what it refused to say. Everything that reasons reads a
// snapshot and nothing else, so that a live cluster, a recorded one and a test
// give the same answer.
//
// No snapshot ever holds a secret: objects are redacted as they are put in
// (see redact.go), before anything can read, print or save them.
package snapshot

import (
	"maps"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// Meta is what is known of the snapshot as a whole.
type Meta struct {
	// At is the moment of the snapshot: the "now" of all reasoning about it.
	At time.Time
	// Server is the API server's version ("v1.36.3"), empty when unknown.
	Server string
	// Plugin is the version of the program that collected it.
	Plugin string
}

// Snapshot is a set of objects and of the questions that brought them. It is
// made by a Builder or read by Read, and never changes: callers must not
// write to the objects they are given.
type Snapshot struct {
	meta  Meta
	kinds map[schema.GroupKind]*kindStore
}

type kindStore struct {
	asked       []Asked
	byNamespace map[string][]*unstructured.Unstructured // sorted by name
	byKey       map[objectKey]*unstructured.Unstructured
}

type objectKey struct{ namespace, name string }

// Meta tells when and of what the snapshot was taken.
func (s *Snapshot) Meta() Meta { return s.meta }

// Presence is what a snapshot knows of an object: there are three answers,
// not two.
type Presence int

// The answers to "is it there?".
const (
	// Unknown: it was not asked for, or the answer could not be had.
	Unknown Presence = iota
	// Absent: the cluster was asked and does not have it.
	Absent
	// Present: here it is.
	Present
)

// Answer is the result of a look-up.
type Answer struct {
	Presence Presence
	// Object is set when Present. Do not write to it.
	Object *unstructured.Unstructured
	// Why is set when Unknown.
	Why *Failure
}

// Lookup finds an object by its Ref; the Ref's API version does not matter.
func (s *Snapshot) Lookup(ref finding.Ref) Answer {
	gk := ref.GroupKind()
	store := s.kinds[gk]
	if store == nil {
		return Answer{Why: notAsked(gk, ref.Namespace)}
	}
	if obj := store.byKey[objectKey{ref.Namespace, ref.Name}]; obj != nil {
		return Answer{Presence: Present, Object: obj}
	}
	if why := store.unknown(gk, ref.Namespace, true); len(why) > 0 {
		return Answer{Why: &why[0]}
	}
	return Answer{Presence: Absent}
}

// Listing is the result of List: the objects that are known, and why there
// might be more. With no Unknown the list is complete.
type Listing struct {
	Objects []*unstructured.Unstructured
	Unknown []Failure
}

// List gives the objects of a kind in a namespace, or in all of them when
// namespace is "", ordered by namespace and name. A list that was asked with a
// field selector counts as complete: whoever asked it knows what it left out.
func (s *Snapshot) List(gk schema.GroupKind, namespace string) Listing {
	store := s.kinds[gk]
	if store == nil {
		return Listing{Unknown: []Failure{*notAsked(gk, namespace)}}
	}
	listing := Listing{Unknown: store.unknown(gk, namespace, false)}
	if namespace != "" {
		listing.Objects = store.byNamespace[namespace]
		return listing
	}
	for _, ns := range slices.Sorted(maps.Keys(store.byNamespace)) {
		listing.Objects = append(listing.Objects, store.byNamespace[ns]...)
	}
	return listing
}

// Asked lists every question that was put, ordered by group, kind, namespace
// and field selector.
func (s *Snapshot) Asked() []Asked {
	var all []Asked
	for _, store := range s.kinds {
		all = append(all, store.asked...)
	}
	slices.SortFunc(all, Asked.compare)
	return all
}

// unknown tells why the store cannot answer for the namespace ("" for all of
// them). whole asks for lists without a field selector, which alone prove that
// an object is absent. Where single namespaces were asked and none refused, they
// are all there is to list; what is in others is still unknown.
func (k *kindStore) unknown(gk schema.GroupKind, namespace string, whole bool) []Failure {
	var why []Failure
	inPart := false
	for _, asked := range k.asked {
		if asked.Namespace != "" && asked.Namespace != namespace {
			inPart = inPart || asked.Failure == nil
			continue
		}
		if asked.Failure == nil {
			if !whole || asked.whole() {
				return nil
			}
			continue
		}
		why = append(why, *asked.Failure)
	}
	if len(why) == 0 && (namespace != "" || whole || !inPart) {
		why = append(why, *notAsked(gk, namespace))
	}
	return why
}
