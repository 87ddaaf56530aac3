package snapshot

import (
	"cmp"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Builder gathers answers into a Snapshot. It may be used from several
// goroutines at once.
type Builder struct {
	mu    sync.Mutex
	kinds map[schema.GroupKind]*kindStore
}

// NewBuilder is an empty Builder.
func NewBuilder() *Builder {
	return &Builder{kinds: map[schema.GroupKind]*kindStore{}}
}

// Add records a question and the objects that answered it, which the Builder
// takes over: they are redacted in place. An object that is already there is
// replaced, so that overlapping questions do no harm.
func (b *Builder) Add(asked Asked, objects ...*unstructured.Unstructured) {
	for _, obj := range objects {
		Redact(obj)
	}
	asked.Failure = maskFailure(asked.Failure)
	b.mu.Lock()
	defer b.mu.Unlock()
	store := b.kinds[asked.GroupKind()]
	if store == nil {
		store = &kindStore{byKey: map[objectKey]*unstructured.Unstructured{}}
		b.kinds[asked.GroupKind()] = store
	}
	if !slices.ContainsFunc(store.asked, func(a Asked) bool { return a.compare(asked) == 0 }) {
		store.asked = append(store.asked, asked)
	}
	for _, obj := range objects {
		store.byKey[objectKey{obj.GetNamespace(), obj.GetName()}] = obj
	}
}

// Build ends the gathering. The Builder must not be used afterwards.
func (b *Builder) Build(meta Meta) *Snapshot {
	b.mu.Lock()
	defer b.mu.Unlock()
	meta.At = meta.At.UTC()
	for _, store := range b.kinds {
		slices.SortFunc(store.asked, Asked.compare)
		store.byNamespace = map[string][]*unstructured.Unstructured{}
		for key, obj := range store.byKey {
			store.byNamespace[key.namespace] = append(store.byNamespace[key.namespace], obj)
		}
		for _, objects := range store.byNamespace {
			slices.SortFunc(objects, func(x, y *unstructured.Unstructured) int {
				return cmp.Compare(x.GetName(), y.GetName())
			})
		}
	}
	return &Snapshot{meta: meta, kinds: b.kinds}
}

// maskFailure is the failure with what servers and networks say masked.
func maskFailure(f *Failure) *Failure {
	if f == nil {
		return nil
	}
	masked := *f
	masked.Message = Mask(f.Message)
	return &masked
}
