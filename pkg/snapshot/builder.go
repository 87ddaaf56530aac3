package snapshot

import (
	"cmp"
	"maps"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/redact"
	"github.com/digihunch/kubectl-orthweb/pkg/redact/mask"
)

// Builder collects answers into a Snapshot. It may be used from several goroutines.
type Builder struct {
	mu    sync.Mutex
	kinds map[schema.GroupKind]*kindStore
	// complete states that objects that were not added do not exist.
	complete bool
}

// NewBuilder is an empty Builder.
func NewBuilder() *Builder {
	return &Builder{kinds: map[schema.GroupKind]*kindStore{}}
}

// Add records a request and the objects in its answer, which the Builder owns then: they
// are redacted in place. An existing object is replaced, so that requests may overlap.
func (b *Builder) Add(requested Request, objects ...*unstructured.Unstructured) {
	for _, obj := range objects {
		redact.Redact(obj)
	}
	requested.Failure = maskFailure(requested.Failure)
	b.mu.Lock()
	defer b.mu.Unlock()
	store := b.store(requested.GroupKind())
	store.remember(requested)
	for _, obj := range objects {
		store.byKey[objectKey{obj.GetNamespace(), obj.GetName()}] = obj
	}
}

// AddRedacted adds an object that is redacted already. It reports whether the object is
// new; another one of the same name stays.
func (b *Builder) AddRedacted(obj *unstructured.Unstructured) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	store, key := b.store(obj.GroupVersionKind().GroupKind()), objectKey{obj.GetNamespace(), obj.GetName()}
	if store.byKey[key] != nil {
		return false
	}
	store.byKey[key] = obj
	return true
}

// SetComplete states that objects that were not added do not exist.
func (b *Builder) SetComplete() { b.complete = true }

func (b *Builder) store(gk schema.GroupKind) *kindStore {
	store := b.kinds[gk]
	if store == nil {
		store = newKindStore()
		b.kinds[gk] = store
	}
	return store
}

func newKindStore() *kindStore {
	return &kindStore{byKey: map[objectKey]*unstructured.Unstructured{}, remembered: map[requestKey]int{}}
}

// remember records a request once; an answer replaces a failure.
func (k *kindStore) remember(requested Request) {
	key := requestKey{requested.Namespace, requested.FieldSelector}
	at, known := k.remembered[key]
	switch {
	case !known:
		k.remembered[key] = len(k.requests)
		k.requests = append(k.requests, requested)
	case k.requests[at].Failure != nil && requested.Failure == nil:
		k.requests[at] = requested
	}
}

// requestKey distinguishes the requests of a kind.
type requestKey struct{ namespace, fieldSelector string }

// Join combines both snapshots, at the later one's time. If both have an object, the later
// one's is used.
func Join(earlier, later *Snapshot) *Snapshot {
	b := NewBuilder()
	for _, s := range []*Snapshot{earlier, later} {
		for gk, store := range s.kinds {
			joined := b.store(gk)
			for _, requested := range store.requests {
				joined.remember(requested)
			}
			for key, obj := range store.byKey {
				joined.byKey[key] = obj
			}
		}
	}
	joined := b.Build(later.info)
	joined.complete, joined.inquiry = earlier.complete || later.complete, earlier.inquiry
	return joined
}

// Build returns the Snapshot. The Builder must not be used afterwards.
func (b *Builder) Build(meta Meta) *Snapshot {
	b.mu.Lock()
	defer b.mu.Unlock()
	meta.At = meta.At.UTC()
	for _, store := range b.kinds {
		store.sort()
	}
	return &Snapshot{info: meta, kinds: b.kinds, complete: b.complete}
}

// sort orders the requests and the objects.
func (k *kindStore) sort() {
	slices.SortFunc(k.requests, Request.compare)
	k.byNamespace = map[string][]*unstructured.Unstructured{}
	for key, obj := range k.byKey {
		k.byNamespace[key.namespace] = append(k.byNamespace[key.namespace], obj)
	}
	for _, objects := range k.byNamespace {
		slices.SortFunc(objects, func(x, y *unstructured.Unstructured) int {
			return cmp.Compare(x.GetName(), y.GetName())
		})
	}
	for _, namespace := range slices.Sorted(maps.Keys(k.byNamespace)) {
		k.sorted = append(k.sorted, k.byNamespace[namespace]...)
	}
}

// maskFailure is the failure with the messages of servers and networks masked.
func maskFailure(f *Failure) *Failure {
	if f == nil {
		return nil
	}
	masked := *f
	masked.Message = mask.Mask(f.Message)
	return &masked
}
