package snapshot

import (
	"maps"
	"reflect"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/redact"
)

// Live are answers that change, from which Snapshots are taken. These share the objects, and the
// kinds that have not changed in between; and objects share their equal parts. It may be used from several goroutines.
type Live struct {
	mu    sync.Mutex
	kinds map[schema.GroupKind]*liveKind
}

type liveKind struct {
	lists map[requestKey]*liveList
	// store is that of the last Snapshot, nil if the kind has changed since then.
	store *kindStore
}

type liveList struct {
	request Request
	objects map[objectKey]*unstructured.Unstructured
}

// NewLive is without answers.
func NewLive() *Live { return &Live{kinds: map[schema.GroupKind]*liveKind{}} }

// Set replaces the answer to a request, with objects that Live owns then: they are redacted in
// place. It reports whether the answer has changed.
func (l *Live) Set(requested Request, objects ...*unstructured.Unstructured) bool {
	list := &liveList{request: requested, objects: make(map[objectKey]*unstructured.Unstructured, len(objects))}
	list.request.Failure = maskFailure(requested.Failure)
	shared := newSharing()
	for _, obj := range objects {
		redact.Redact(obj)
		shared.object(obj.Object)
		list.objects[objectKey{obj.GetNamespace(), obj.GetName()}] = obj
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	kind := l.kinds[requested.GroupKind()]
	if kind == nil {
		kind = &liveKind{lists: map[requestKey]*liveList{}}
		l.kinds[requested.GroupKind()] = kind
	}
	key := requestKey{requested.Namespace, requested.FieldSelector}
	if known := kind.lists[key]; known != nil && known.is(list) {
		return false
	}
	kind.lists[key], kind.store = list, nil
	return true
}

// is reports whether both are the same answer, by the resource versions of the objects.
func (l *liveList) is(other *liveList) bool {
	return reflect.DeepEqual(l.request, other.request) && maps.EqualFunc(l.objects, other.objects, func(a, b *unstructured.Unstructured) bool {
		return a.GetResourceVersion() != "" && a.GetResourceVersion() == b.GetResourceVersion() && a.GetUID() == b.GetUID()
	})
}

// Forget removes a request with its answer.
func (l *Live) Forget(requested Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if kind := l.kinds[requested.GroupKind()]; kind != nil {
		delete(kind.lists, requestKey{requested.Namespace, requested.FieldSelector})
		kind.store = nil
	}
}

// Put adds an object to the answer to a request, or replaces it. Live owns it then, and
// redacts it in place.
func (l *Live) Put(requested Request, obj *unstructured.Unstructured) {
	redact.Redact(obj)
	l.change(requested, func(list *liveList) {
		key := objectKey{obj.GetNamespace(), obj.GetName()}
		if known := list.objects[key]; known != nil {
			obj.Object, _ = reuse(known.Object, obj.Object).(map[string]any)
		}
		list.objects[key] = obj
	})
}

// Remove removes an object from the answer to a request.
func (l *Live) Remove(requested Request, namespace, name string) {
	l.change(requested, func(list *liveList) { delete(list.objects, objectKey{namespace, name}) })
}

// change changes the answer to a request that was Set.
func (l *Live) change(requested Request, change func(*liveList)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	kind := l.kinds[requested.GroupKind()]
	change(kind.lists[requestKey{requested.Namespace, requested.FieldSelector}])
	kind.store = nil
}

// Snapshot returns the answers as they are now.
func (l *Live) Snapshot(meta Meta) *Snapshot {
	l.mu.Lock()
	defer l.mu.Unlock()
	meta.At = meta.At.UTC()
	snap := &Snapshot{info: meta, kinds: make(map[schema.GroupKind]*kindStore, len(l.kinds))}
	for gk, kind := range l.kinds {
		if kind.store == nil {
			kind.store = kind.build()
		}
		snap.kinds[gk] = kind.store
	}
	return snap
}

// build is the store of the kind.
func (k *liveKind) build() *kindStore {
	store := newKindStore()
	inOrder := slices.SortedFunc(maps.Values(k.lists), func(a, b *liveList) int { return a.request.compare(b.request) })
	for _, list := range inOrder {
		store.remember(list.request)
		maps.Copy(store.byKey, list.objects)
	}
	store.sort()
	return store
}

// At is the same snapshot at another time: the facts are the same, and their ages differ.
func (s *Snapshot) At(now time.Time) *Snapshot {
	later := *s
	later.info.At = now.UTC()
	return &later
}
