// Package snapshot is a read-only copy of a cluster's objects, with a record of the requests
// that failed. All reasoning reads a snapshot and nothing else, so that a live cluster,
// a recorded one and a test give the same answer.
//
// A snapshot never contains a secret: objects are redacted when they are added (package
// redact), before any code can read, print or save them.
package snapshot

import (
	"cmp"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// Meta is what is known of the snapshot as a whole.
type Meta struct {
	// At is the time of the snapshot: the "now" of all reasoning about it.
	At time.Time
	// Read is when the files were read, if it is not known when they were printed and At is
	// only the newest time in them; zero otherwise. What ended before Read has ended.
	Read time.Time
	// Server is the API server's version ("v1.36.3"), empty when unknown.
	Server string
	// Plugin is the version of the program that collected it.
	Plugin string
}

// Snapshot is a set of objects and of the requests that returned them. A Builder creates it,
// or package file reads it. It never changes: callers must not modify the objects that they
// get.
type Snapshot struct {
	info  Meta
	kinds map[schema.GroupKind]*kindStore
	// complete is set if objects that are not in the snapshot do not exist.
	complete bool
	// inquiry records look-ups of lists that were never requested; it may be nil.
	inquiry *Inquiry
}

type kindStore struct {
	requests []Request
	// remembered are the indices of requests, until Build sorts them.
	remembered  map[requestKey]int
	byNamespace map[string][]*unstructured.Unstructured // sorted by name
	byKey       map[objectKey]*unstructured.Unstructured
	// sorted are all objects, by namespace and name.
	sorted []*unstructured.Unstructured
}

type objectKey struct{ namespace, name string }

// Meta returns when the snapshot was taken, and from which server.
func (s *Snapshot) Meta() Meta { return s.info }

// IsComplete reports whether objects that are not in the snapshot do not exist.
func (s *Snapshot) IsComplete() bool { return s.complete }

// Presence is whether an object exists, as far as a snapshot shows.
type Presence int

// The presences of an object.
const (
	// Unknown: it was not requested, or could not be read.
	Unknown Presence = iota
	// Absent: it was requested, and the cluster does not have it.
	Absent
	// Present: it is in the snapshot.
	Present
)

// Answer is the result of a look-up.
type Answer struct {
	Presence Presence
	// Object is set when Present. Do not write to it.
	Object *unstructured.Unstructured
	// Failure is set if the answer is Unknown.
	Failure *Failure
}

// Lookup finds an object by its Ref; the Ref's API version does not matter.
func (s *Snapshot) Lookup(ref object.Ref) Answer {
	gk := ref.GroupKind()
	store := s.kinds[gk]
	if store != nil {
		if obj := store.byKey[objectKey{ref.Namespace, ref.Name}]; obj != nil {
			return Answer{Presence: Present, Object: obj}
		}
	}
	if s.complete {
		return Answer{Presence: Absent}
	}
	s.require(store, queryFor(gk, ref.Namespace), Request.whole)
	if why := store.unknown(gk, ref.Namespace, Request.whole); len(why) > 0 {
		return Answer{Failure: &why[0]}
	}
	return Answer{Presence: Absent}
}

// queryFor is the query that lists a kind whole in a namespace.
func queryFor(gk schema.GroupKind, namespace string) Query {
	return Query{GroupKind: gk, Namespace: namespace, FieldSelector: ReadingSelector(gk)}
}

// Listing is the result of List: the objects that are known, and why there
// might be more.
type Listing struct {
	Objects []*unstructured.Unstructured
	// Unknown is what could not be read.
	Unknown []Failure
	// Partial is set if there may be more objects: something could not be read, was listed
	// with a selector, or only in some namespaces. A partial list does not prove that other
	// objects are absent, nor how many there are.
	Partial bool
}

// List returns the objects of a kind in a namespace, or in all of them if namespace is "",
// ordered by namespace and name.
func (s *Snapshot) List(gk schema.GroupKind, namespace string) Listing {
	store := s.kinds[gk]
	s.require(store, queryFor(gk, namespace), Request.whole)
	return s.listing(gk, namespace)
}

// Everywhere returns the objects of a kind in all namespaces, beyond the scope of an Inquiry:
// for what all tenants share, such as the capacity of nodes.
func (s *Snapshot) Everywhere(gk schema.GroupKind) Listing {
	store := s.kinds[gk]
	if s.inquiry != nil && !s.complete && !store.requested("", Request.whole) {
		s.inquiry.add(queryFor(gk, ""))
	}
	return s.listing(gk, "")
}

func (s *Snapshot) listing(gk schema.GroupKind, namespace string) Listing {
	var listing Listing
	store := s.kinds[gk]
	if !s.complete {
		listing.Unknown = store.unknown(gk, namespace, nil)
		listing.Partial = len(store.unknown(gk, namespace, Request.whole)) > 0
	}
	switch {
	case store == nil:
	case namespace != "":
		listing.Objects = store.byNamespace[namespace]
	default:
		listing.Objects = slices.Clone(store.sorted)
	}
	return listing
}

// Requests are all requests, ordered by group, kind, namespace and field selector.
func (s *Snapshot) Requests() []Request {
	var all []Request
	for _, store := range s.kinds {
		all = append(all, store.requests...)
	}
	slices.SortFunc(all, Request.compare)
	return all
}

// unknown returns why the store can't answer for the namespace ("" for all of them). Only
// lists for which counts is true are considered. If counts is nil, these are all lists with
// any selector, and single namespaces are sufficient if some were listed and none was
// refused. With Request.whole, they are the lists that prove absence.
func (k *kindStore) unknown(gk schema.GroupKind, namespace string, counts func(Request) bool) []Failure {
	if k == nil {
		return []Failure{*notRequested(gk, namespace)}
	}
	var why []Failure
	inPart := false
	for _, request := range k.about(namespace, counts == nil) {
		if request.Namespace != "" && request.Namespace != namespace {
			inPart = inPart || request.Failure == nil
			continue
		}
		if request.Failure == nil {
			if counts == nil || counts(request) {
				return nil
			}
			continue
		}
		why = append(why, *request.Failure)
	}
	if len(why) == 0 && (namespace != "" || counts != nil || !inPart) {
		why = append(why, *notRequested(gk, namespace))
	}
	return why
}

// about are the requests of all namespaces and of one, or all requests if that is "" and others count,
// too. They are sorted by namespace.
func (k *kindStore) about(namespace string, others bool) []Request {
	if namespace == "" && others {
		return k.requests
	}
	in := func(namespace string) []Request {
		byNamespace := func(r Request, namespace string) int { return cmp.Compare(r.Namespace, namespace) }
		first, _ := slices.BinarySearchFunc(k.requests, namespace, byNamespace)
		last := first
		for last < len(k.requests) && k.requests[last].Namespace == namespace {
			last++
		}
		return k.requests[first:last:last]
	}
	if namespace == "" {
		return in("")
	}
	return append(in(""), in(namespace)...)
}
