package fakeapi

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// change is one change of an object. before is nil if it was created, and after if it was deleted.
type change struct {
	key           objectKey
	before, after *unstructured.Unstructured
}

// apply changes objects.
func (c change) apply(objects map[objectKey]*unstructured.Unstructured) {
	if objects[c.key] = c.after; c.after == nil {
		delete(objects, c.key)
	}
}

// record stores an object, or deletes it, and adds this to the history, whose length is the
// newest resource version. The caller holds the lock.
func (s *Server) record(key objectKey, after *unstructured.Unstructured) {
	before := s.objects[key]
	if before == nil && after == nil {
		return
	}
	if after == nil {
		delete(s.objects, key)
	} else {
		s.objects[key] = after
	}
	s.history = append(s.history, change{key, before, after})
	version := strconv.Itoa(len(s.history))
	if after != nil {
		after.SetResourceVersion(version)
	}
	s.signal()
}

// signal wakes what waits for a change of the server. The caller holds the lock.
func (s *Server) signal() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// DenyWatch forbids to watch a resource ("plural.group"), which may still be listed.
func (s *Server) DenyWatch(resource string) {
	s.set(func() { s.unwatched[resource] = true })
}

// Compact forgets the history: a watch from an earlier resource version is answered with 410.
func (s *Server) Compact() {
	s.set(func() { s.compact(len(s.history)) })
}

// CompactRead forgets the history that all open watches have read. It keeps a server small that
// changes for long.
func (s *Server) CompactRead() {
	s.set(func() {
		read := len(s.history)
		for watched := range s.streams {
			read = min(read, watched.next)
		}
		s.compact(read)
	})
}

// compact forgets so many changes. The caller holds the lock.
func (s *Server) compact(count int) {
	for i := s.compacted; i < count; i++ {
		s.history[i].apply(s.base)
		s.history[i] = change{}
	}
	s.compacted = max(s.compacted, count)
}

// Bookmark sends a bookmark to all watches.
func (s *Server) Bookmark() {
	s.set(func() { s.bookmarks++; s.signal() })
}

// EndWatches ends all watches: in the middle of an event if broken is set.
func (s *Server) EndWatches(broken bool) {
	s.set(func() { s.ended++; s.broken = broken; s.signal() })
}

// Freeze makes all watches send nothing until it is called with false, as if the connection
// were lost.
func (s *Server) Freeze(frozen bool) {
	s.set(func() { s.frozen = frozen; s.signal() })
}

// Watching returns how many watches are open.
func (s *Server) Watching() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.watching
}

// WaitWatching waits until so many watches are open.
func (s *Server) WaitWatching(count int) {
	s.tb.Helper()
	s.until(strconv.Itoa(count)+" watches", func() bool { return s.Watching() == count })
}

// stream is one watch.
type stream struct {
	kind            Kind
	namespace       string
	query           url.Values
	metadata        bool
	next            int // change of the history
	bookmarks, ends int
}

// isWatch distinguishes a watch from a list.
func isWatch(r *http.Request) bool {
	return r.Method == http.MethodGet && (r.URL.Query().Get("watch") == "true" || r.URL.Query().Get("watch") == "1")
}

// watch answers a watch.
func (s *Server) watch(w http.ResponseWriter, r *http.Request) {
	watched, refused := s.newStream(r)
	switch {
	case refused != nil:
		refuse(w, refused)
		return
	case watched == nil:
		notServed(w)
		return
	}
	s.set(func() { s.watching++; s.streams[watched] = true; s.signal() })
	defer s.set(func() { s.watching--; delete(s.streams, watched); s.signal() })
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	flush := http.NewResponseController(w).Flush
	_ = flush()
	seconds, _ := strconv.Atoi(watched.query.Get("timeoutSeconds"))
	timeout := time.After(time.Duration(max(seconds, 1)) * time.Second)
	for {
		s.mu.Lock()
		changed := s.changed
		events, end := s.events(watched)
		broken := s.broken
		s.mu.Unlock()
		for _, event := range events {
			_ = json.NewEncoder(w).Encode(event) // a client that disconnected ends the request
		}
		if len(events) > 0 {
			_ = flush()
		}
		if end && broken {
			_, _ = w.Write([]byte(`{"type":"MODI`))
			_ = flush()
			panic(http.ErrAbortHandler)
		}
		if end {
			return
		}
		select {
		case <-changed:
		case <-timeout:
			return
		case <-r.Context().Done():
			return
		}
	}
}

// newStream is the watch that was requested, or why it is refused; neither if the path is unknown.
func (s *Server) newStream(r *http.Request) (*stream, *apierrors.StatusError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kind, namespace, name, ok := s.target(strings.Split(strings.Trim(r.URL.Path, "/"), "/"))
	if !ok || name != "" {
		return nil, nil
	}
	resource := schema.GroupResource{Group: kind.Group, Resource: kind.Resource}
	if s.forbids(resource, namespace) || s.unwatched[resource.String()] {
		return nil, forbidden("watch", resource, namespace, name)
	}
	query := r.URL.Query()
	version, err := strconv.Atoi(query.Get("resourceVersion"))
	if err != nil || version > len(s.history) {
		return nil, apierrors.NewBadRequest("invalid resource version")
	}
	if _, err := selected(nil, kind, namespace, query); err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	return &stream{
		kind: kind, namespace: namespace, query: query, metadata: strings.Contains(r.Header.Get("Accept"), "as=PartialObjectMetadata;"),
		next: version, bookmarks: s.bookmarks, ends: s.ended,
	}, nil
}

// events are the next events of a watch, and whether it ends after them. The caller holds the lock.
func (s *Server) events(watched *stream) (events []any, end bool) {
	if s.frozen {
		return nil, false
	}
	served := false
	for _, kind := range s.kinds {
		served = served || kind == watched.kind
	}
	if watched.next < s.compacted {
		status := apierrors.NewResourceExpired("too old resource version").Status()
		status.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}
		return []any{map[string]any{"type": "ERROR", "object": status}}, true
	}
	for ; watched.next < len(s.history); watched.next++ {
		if event := watched.event(s.history[watched.next], watched.next+1); event != nil {
			events = append(events, event)
		}
	}
	if watched.bookmarks < s.bookmarks {
		watched.bookmarks = s.bookmarks
		events = append(events, map[string]any{"type": "BOOKMARK", "object": map[string]any{
			"apiVersion": watched.kind.GroupVersion().String(), "kind": watched.kind.Kind,
			"metadata": map[string]any{"resourceVersion": strconv.Itoa(len(s.history))},
		}})
	}
	return events, !served || watched.ends < s.ended
}

// event is what a watch sends for a change, nil if it does not select the object.
func (w *stream) event(c change, version int) map[string]any {
	before, after := w.selects(c.key, c.before), w.selects(c.key, c.after)
	kind, obj := "MODIFIED", c.after
	switch {
	case !before && !after:
		return nil
	case !before:
		kind = "ADDED"
	case !after:
		kind, obj = "DELETED", c.before
		if c.after != nil {
			obj = c.after // the selector no longer matches
		}
		obj = obj.DeepCopy()
		obj.SetResourceVersion(strconv.Itoa(version))
	}
	item := itemOf(obj, w.kind, w.metadata)
	if !w.metadata {
		item["apiVersion"], item["kind"] = w.kind.GroupVersion().String(), w.kind.Kind
	}
	return map[string]any{"type": kind, "object": item}
}

// selects reports whether the watch includes the object.
func (w *stream) selects(key objectKey, obj *unstructured.Unstructured) bool {
	if obj == nil || key.GroupKind != w.kind.GroupKind() || w.namespace != "" && key.namespace != w.namespace {
		return false
	}
	byLabel, _ := labels.Parse(w.query.Get("labelSelector"))         // newStream has
	byField, _ := fields.ParseSelector(w.query.Get("fieldSelector")) // parsed them
	return byLabel.Matches(labels.Set(obj.GetLabels())) && byField.Matches(fieldSet{obj.Object})
}
