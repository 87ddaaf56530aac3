package podlogs

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/request"
)

// pageSize is the number of pods in one answer, as in pkg/kube/collect.
const pageSize = 500

// pollTime is how often pods are listed if they may not be watched.
const pollTime = 10 * time.Second

// podWatch knows the pods of a namespace.
type podWatch struct {
	client, streams *request.Client
	namespace       string
	// changed is called when a pod is new, has changed, or is gone.
	changed func(pod *Pod, gone bool)

	mu      sync.Mutex
	pods    map[string]*Pod // by UID
	version string          // of the list or the last event
	// next is the next list that refresh requests.
	next       *refreshed
	refreshing bool
}

// refresh returns the error of a list that began after the call. Calls at the same time share one
// list.
func (w *podWatch) refresh(ctx context.Context) error {
	w.mu.Lock()
	if w.next == nil {
		w.next = &refreshed{done: make(chan struct{})}
	}
	next := w.next
	if !w.refreshing {
		w.refreshing = true
		go w.refreshAll(ctx)
	}
	w.mu.Unlock()
	select {
	case <-next.done:
		return next.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// refreshed is the result of a list, when done is closed.
type refreshed struct {
	done chan struct{}
	err  error
}

// refreshAll lists the pods as long as lists are requested.
func (w *podWatch) refreshAll(ctx context.Context) {
	for {
		w.mu.Lock()
		next := w.next
		w.next, w.refreshing = nil, next != nil
		w.mu.Unlock()
		if next == nil {
			return
		}
		next.err = w.list(ctx)
		close(next.done)
	}
}

// sorted are the pods by name.
func (w *podWatch) sorted() []*Pod {
	return slices.SortedFunc(maps.Values(w.pods), func(a, b *Pod) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.UID, b.UID))
	})
}

func (w *podWatch) path() ([]string, error) {
	return request.Place{GroupVersionKind: schema.GroupVersionKind{Version: "v1", Kind: "Pod"}, Resource: "pods", Namespace: w.namespace}.Path("")
}

// list reads all pods, and reports what has changed since the last time.
func (w *podWatch) list(ctx context.Context) error {
	path, err := w.path()
	if err != nil {
		return err
	}
	found, version := map[string]bool{}, ""
	for token := ""; ; {
		var page struct {
			Kind     string
			Metadata struct{ ResourceVersion, Continue string }
			Items    []podObject
		}
		get := w.client.Get().AbsPath(path...).Param("limit", strconv.Itoa(pageSize))
		if token != "" {
			get.Param("continue", token)
		}
		if err := w.client.Do(ctx, get, request.MaxList, func(body []byte) error { return request.Unmarshal(body, &page, "PodList") }); err != nil {
			return err
		}
		if page.Kind != "PodList" {
			return request.OtherKind(page.Kind, "", "PodList")
		}
		for _, item := range page.Items {
			pod := item.pod()
			found[pod.UID] = true
			w.put(pod)
		}
		if version, token = page.Metadata.ResourceVersion, page.Metadata.Continue; token == "" {
			break
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.version = version
	listed, _ := strconv.ParseUint(version, 10, 64) // 0 if it is not a number
	for uid, pod := range w.pods {
		if !found[uid] && (listed == 0 || pod.version <= listed) {
			w.remove(pod)
		}
	}
	return nil
}

// put adds or replaces a pod, unless a newer state of it is known. The answer may be of another
// namespace by mistake.
func (w *podWatch) put(pod *Pod) {
	w.mu.Lock()
	defer w.mu.Unlock()
	known := w.pods[pod.UID]
	if pod.Namespace != w.namespace || request.NameProblem(pod.Name) != "" || known != nil && pod.version < known.version {
		return
	}
	w.pods[pod.UID] = pod
	w.changed(pod, false)
}

// remove removes a pod. The caller holds the lock.
func (w *podWatch) remove(pod *Pod) {
	if known := w.pods[pod.UID]; known != nil {
		delete(w.pods, pod.UID)
		w.changed(known, true)
	}
}

// follow keeps the pods up to date until ctx ends, by a watch, or by lists if the user may not
// watch pods. connection is called with nil if the server answers, and with the error if it does
// not.
func (w *podWatch) follow(ctx context.Context, connection func(error)) {
	back, polls := backOff{}, false
	for ctx.Err() == nil {
		began := time.Now()
		var err error
		if !polls {
			err = w.watch(ctx, connection)
			polls = apierrors.IsForbidden(err) || apierrors.IsMethodNotSupported(err)
		}
		switch {
		case polls:
			back.wait(ctx, pollTime, nil)
		case err == nil && time.Since(began) > time.Second:
			back.reset() // the server ends a watch regularly
			continue
		default:
			back.wait(ctx, 0, nil)
		}
		if err = w.list(ctx); ctx.Err() == nil && (err == nil || lost(err)) {
			connection(err)
		}
	}
}

// watch applies changes until the watch ends. The error is nil if the server ended it.
func (w *podWatch) watch(ctx context.Context, connection func(error)) error {
	path, err := w.path()
	if err != nil {
		return err
	}
	w.mu.Lock()
	version := w.version
	w.mu.Unlock()
	get := w.streams.GetStream().AbsPath(path...).
		Param("watch", "true").Param("allowWatchBookmarks", "true").Param("resourceVersion", version)
	return w.streams.Stream(ctx, get, func(body io.Reader) error {
		connection(nil)
		return request.Values(body, request.MaxObject, func(value []byte) error {
			var event watchEvent
			if err := json.Unmarshal(value, &event); err != nil {
				return request.Malformed("watching pods: %v", err)
			}
			return w.apply(event)
		})
	})
}

// apply applies one event.
func (w *podWatch) apply(event watchEvent) error {
	if event.Type == "ERROR" {
		var failed statusObject
		_ = json.Unmarshal(event.Object, &failed)
		return request.Malformed("watching pods: %s %s", failed.Reason, failed.Message)
	}
	var object podObject
	if err := json.Unmarshal(event.Object, &object); err != nil {
		return request.Malformed("watching pods: %v", err)
	}
	pod := object.pod()
	if event.Type == "ADDED" || event.Type == "MODIFIED" {
		w.put(pod)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if object.Metadata.ResourceVersion != "" {
		w.version = object.Metadata.ResourceVersion
	}
	if event.Type == "DELETED" {
		w.remove(pod)
	}
	return nil
}

// backOff waits longer after each failure.
type backOff struct{ last time.Duration }

// The limits of the wait after a failure.
const (
	minBackOff = 200 * time.Millisecond
	maxBackOff = 10 * time.Second
)

func (b *backOff) reset() { b.last = 0 }

// wait waits for some time, or until wake is closed or ctx ends.
func (b *backOff) wait(ctx context.Context, fixed time.Duration, wake <-chan struct{}) {
	b.last = min(max(minBackOff, 2*b.last), maxBackOff)
	d := fixed
	if d == 0 {
		d = b.last/2 + rand.N(b.last/2)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-wake:
	case <-timer.C:
	}
}
