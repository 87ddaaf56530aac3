package snapshot

import (
	"cmp"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Query is a list that reasoning needs and that has not been requested.
type Query struct {
	schema.GroupKind
	// Namespace is the one to list, "" for all of them, or for a kind that has
	// none.
	Namespace string
	// FieldSelector narrows the list, as kubectl's --field-selector does.
	FieldSelector string
	// Metadata requests only names, labels and annotations.
	Metadata bool
}

func (q Query) compare(other Query) int {
	return cmp.Or(
		cmp.Compare(q.Group, other.Group), cmp.Compare(q.Kind, other.Kind),
		cmp.Compare(q.Namespace, other.Namespace), cmp.Compare(q.FieldSelector, other.FieldSelector),
	)
}

// Inquiry collects the open queries of reasoning while it reads a snapshot, so that only what
// it needs is requested. It may be used from several goroutines.
type Inquiry struct {
	scope []string
	mu    sync.Mutex
	open  map[Query]bool
}

// NewInquiry is an empty Inquiry. With a scope, a list of all namespaces is limited to
// those of the scope; without one it is a list of all namespaces.
func NewInquiry(scope []string) *Inquiry {
	return &Inquiry{scope: scope, open: map[Query]bool{}}
}

// Open lists the queries that were never requested, ordered by group, kind, namespace and
// field selector.
func (i *Inquiry) Open() []Query {
	i.mu.Lock()
	defer i.mu.Unlock()
	open := make([]Query, 0, len(i.open))
	for query := range i.open {
		open = append(open, query)
	}
	slices.SortFunc(open, Query.compare)
	return open
}

func (i *Inquiry) add(query Query) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.open[query] = true
}

// Recording is the same snapshot, which adds look-ups of lists that were never requested
// to the Inquiry.
func (s *Snapshot) Recording(inquiry *Inquiry) *Snapshot {
	recording := *s
	recording.inquiry = inquiry
	return &recording
}

// Known is the same snapshot without an Inquiry: look-ups in it cause no requests. It is
// for hints, which do not justify a request.
func (s *Snapshot) Known() *Snapshot {
	known := *s
	known.inquiry = nil
	return &known
}

// ReadingSelector is the field selector with which a kind is listed: of Secrets all except
// Helm's records, of Events the warnings. Reasoning looks up nothing that they omit, so
// that a list with its kind's own selector proves absence.
func ReadingSelector(gk schema.GroupKind) string {
	switch gk {
	case schema.GroupKind{Kind: "Secret"}:
		return WithoutHelmRecords
	case schema.GroupKind{Kind: "Event"}:
		return warningEvents
	}
	return ""
}

// warningEvents is a field selector for Events: only the warnings.
const warningEvents = "type=Warning"

// HelmRecords lists the metadata of Helm's release records in a namespace; their
// content, which is large and secret, never leaves the API server.
func (s *Snapshot) HelmRecords(namespace string) Listing {
	gk := schema.GroupKind{Kind: "Secret"}
	store := s.kinds[gk]
	selected := func(a Request) bool { return a.FieldSelector == HelmRecords || a.FieldSelector == "" }
	s.require(store, Query{GroupKind: gk, Namespace: namespace, FieldSelector: HelmRecords, Metadata: true}, selected)
	var listing Listing
	if store != nil {
		listing.Objects = store.byNamespace[namespace]
	}
	if listing.Unknown = store.unknown(gk, namespace, selected); s.complete {
		listing.Unknown = nil
	}
	listing.Partial = len(listing.Unknown) > 0
	return listing
}

// Named returns the objects of a kind that have the name, in a namespace or, with "", in
// all of them.
func (s *Snapshot) Named(gk schema.GroupKind, namespace, name string) Listing {
	store := s.kinds[gk]
	selector := "metadata.name=" + name
	covers := func(a Request) bool { return a.whole() || a.FieldSelector == selector }
	if s.inquiry != nil && !s.complete && !store.requested(namespace, covers) {
		s.inquiry.add(Query{GroupKind: gk, Namespace: namespace, FieldSelector: selector})
	}
	listing := s.listing(gk, namespace)
	listing.Objects = slices.DeleteFunc(slices.Clone(listing.Objects), func(obj *unstructured.Unstructured) bool { return obj.GetName() != name })
	if !s.complete {
		listing.Unknown = store.unknown(gk, namespace, covers)
		listing.Partial = len(listing.Unknown) > 0
	}
	return listing
}

// require adds a query that no answer covers yet. A refusal for all namespaces does not
// apply to a single one; any other failure does.
func (s *Snapshot) require(store *kindStore, query Query, covers func(Request) bool) {
	if s.inquiry == nil || s.complete || query.Kind == "" { // a reference that names no kind is to nothing
		return
	}
	namespaces := []string{query.Namespace}
	if query.Namespace == "" && s.inquiry.scope != nil {
		if store.requested("", covers) {
			return
		}
		namespaces = s.inquiry.scope
	}
	for _, namespace := range namespaces {
		if !store.requested(namespace, covers) {
			query.Namespace = namespace
			s.inquiry.add(query)
		}
	}
}

// requested reports whether a list that covers the namespace was requested.
func (k *kindStore) requested(namespace string, covers func(Request) bool) bool {
	if k == nil {
		return false
	}
	return slices.ContainsFunc(k.requests, func(a Request) bool {
		if !covers(a) || a.Namespace != "" && a.Namespace != namespace {
			return false
		}
		return a.Namespace == namespace || a.Failure == nil || a.Failure.Reason != Forbidden
	})
}
