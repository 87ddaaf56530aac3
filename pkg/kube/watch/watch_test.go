package watch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/collect"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// These are the kinds that the tests watch.
var (
	pod   = schema.GroupKind{Kind: "Pod"}
	lease = schema.GroupKind{Group: "coordination.k8s.io", Kind: "Lease"}
	layer = schema.GroupKind{Group: "kustomize.toolkit.fluxcd.io", Kind: "Kustomization"}
)

// short are the waits of tests.
var short = times{
	quiet: time.Millisecond, burst: 10 * time.Millisecond, between: time.Millisecond, heartbeat: time.Hour,
	idle: time.Hour, ping: 50 * time.Millisecond, first: time.Millisecond, last: 10 * time.Millisecond,
	absent: 20 * time.Millisecond, stream: time.Hour,
}

func newPod(namespace, name, phase string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"namespace": namespace, "name": name},
		"status": map[string]any{"phase": phase},
	}}
}

func newObject(gk schema.GroupKind, name string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": gk.Group + "/v1", "kind": gk.Kind, "metadata": map[string]any{"namespace": "a", "name": name},
	}}
}

// running is a watch of a test.
type running struct {
	t       *testing.T
	api     *fakeapi.Server
	session *collect.Session
	stop    context.CancelFunc
	ended   chan error

	mu      sync.Mutex
	changed chan struct{}
	last    Update
	updates int
}

// start watches a server until the test ends.
func start(t *testing.T, api *fakeapi.Server, opts Options, queries ...collect.Query) *running {
	t.Helper()
	session, err := collect.Open(t.Context(), &rest.Config{Host: api.URL}, collect.Options{Namespaces: []string{"a"}})
	if err != nil {
		t.Fatal(err)
	}
	if opts.times == (times{}) {
		opts.times = short
	}
	ctx, stop := context.WithCancel(t.Context())
	r := &running{t: t, api: api, session: session, stop: stop, ended: make(chan error, 1), changed: make(chan struct{})}
	go func() { r.ended <- Run(ctx, session, queries, opts, r.deliver) }()
	t.Cleanup(r.end)
	return r
}

func (r *running) end() {
	r.stop()
	if err := <-r.ended; err != nil && !errors.Is(err, context.Canceled) {
		r.t.Errorf("the watch ended with %v", err)
	}
	r.ended <- nil
}

func (r *running) deliver(update Update) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last = update
	r.updates++
	close(r.changed)
	r.changed = make(chan struct{})
	return nil
}

// patience is how long tests wait.
const patience = 30 * time.Second

// until waits for an Update.
func (r *running) until(what string, is func(Update) bool) Update {
	r.t.Helper()
	expired := time.After(patience)
	for {
		r.mu.Lock()
		changed, last := r.changed, r.last
		r.mu.Unlock()
		if is(last) {
			return last
		}
		select {
		case <-changed:
		case err := <-r.ended:
			r.ended <- err
			r.t.Fatalf("the watch ended with %v before %s", err, what)
		case <-expired:
			r.t.Fatalf("no %s; the last update has %q, stale since %v: %v", what, namesOf(last, pod), last.Stale, last.Err)
		}
	}
}

// has waits until the snapshot has exactly the pods.
func (r *running) has(names string) Update {
	r.t.Helper()
	return r.until("pods "+names, func(u Update) bool { return u.Snapshot != nil && namesOf(u, pod) == names })
}

func namesOf(u Update, gk schema.GroupKind) string {
	if u.Snapshot == nil {
		return "-"
	}
	var names []string
	for _, obj := range u.Snapshot.List(gk, "").Objects {
		names = append(names, obj.GetName())
	}
	return strings.Join(names, " ")
}

func TestFollowsChanges(t *testing.T) {
	api := fakeapi.New(t, newPod("a", "p", "Pending"))
	r := start(t, api, Options{}, collect.Queries(pod, layer)...)
	first := r.has("p")
	api.WaitWatching(2)
	lists := api.Count("/pods$|/kustomizations$")
	api.Put(newPod("a", "q", "Running"))
	second := r.has("p q")
	api.Put(newPod("a", "p", "Running"))
	r.until("change", func(u Update) bool {
		phase, _, _ := unstructured.NestedString(u.Snapshot.List(pod, "").Objects[0].Object, "status", "phase")
		return phase == "Running"
	})
	api.Delete(newPod("a", "p", ""))
	r.has("q")
	if namesOf(first, pod) != "p" || namesOf(second, pod) != "p q" {
		t.Error("an earlier snapshot has changed")
	}
	if n := api.Count("/pods$|/kustomizations$"); n != lists {
		t.Errorf("%d more requests for 3 changes", n-lists)
	}
}

// TestFieldSelector checks that an object that the selector no longer matches disappears.
func TestFieldSelector(t *testing.T) {
	api := fakeapi.New(t, newPod("a", "p", "Pending"), newPod("a", "q", "Running"))
	r := start(t, api, Options{}, collect.Query{GroupKind: pod, FieldSelector: "status.phase=Pending"})
	r.has("p")
	api.WaitWatching(1)
	api.Put(newPod("a", "q", "Pending"))
	r.has("p q")
	api.Put(newPod("a", "p", "Running"))
	r.has("q")
}

func TestMetadataOnly(t *testing.T) {
	api := fakeapi.New(t, newPod("a", "p", "Pending"))
	r := start(t, api, Options{}, collect.Query{GroupKind: pod, Metadata: true})
	r.has("p")
	api.WaitWatching(1)
	api.Put(newPod("a", "q", "Pending"))
	if u := r.has("p q"); u.Snapshot.List(pod, "").Objects[1].Object["status"] != nil {
		t.Error("the object has more than metadata")
	}
}

// TestExpired checks that a watch whose resource version is too old is replaced by a list.
func TestExpired(t *testing.T) {
	for name, expire := range map[string]func(*fakeapi.Server){
		"event": func(api *fakeapi.Server) { api.Compact() },
		"status": func(api *fakeapi.Server) {
			api.Fail("/pods$", fakeapi.First(1, fakeapi.Status(http.StatusGone, "Gone", "too old resource version")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			api := fakeapi.New(t, newPod("a", "p", "Pending"))
			r := start(t, api, Options{}, collect.Queries(pod)...)
			r.has("p")
			api.WaitWatching(1)
			api.Freeze(true)
			api.Put(newPod("a", "q", "Pending"))
			api.Delete(newPod("a", "p", "Pending"))
			expire(api)
			api.EndWatches(false)
			api.Freeze(false)
			r.has("q")
		})
	}
}

// TestBrokenStreams checks that a watch continues where it broke off, without a list.
func TestBrokenStreams(t *testing.T) {
	for _, broken := range []bool{false, true} {
		api := fakeapi.New(t, newPod("a", "p", "Pending"))
		r := start(t, api, Options{}, collect.Queries(pod)...)
		r.has("p")
		api.WaitWatching(1)
		api.EndWatches(broken)
		api.Put(newPod("a", "q", "Pending"))
		u := r.has("p q")
		u = r.until("current state", func(u Update) bool { return u.Err == nil })
		if lists := countLists(api, "/pods$"); lists != 1 || !u.Stale.IsZero() {
			t.Errorf("broken %t: %d lists, stale since %v", broken, lists, u.Stale)
		}
	}
}

// countLists counts the requests that are not watches.
func countLists(api *fakeapi.Server, path string) (lists int) {
	for _, request := range api.Requests() {
		if strings.HasSuffix(path, "$") && strings.HasSuffix(request.Path, strings.TrimSuffix(path, "$")) && !strings.Contains(request.Query, "watch=") {
			lists++
		}
	}
	return lists
}

// TestBookmark checks that a bookmark moves the version that the next watch begins at.
func TestBookmark(t *testing.T) {
	api := fakeapi.New(t, newPod("a", "p", "Pending"))
	r := start(t, api, Options{}, collect.Queries(pod)...)
	r.has("p")
	api.WaitWatching(1)
	api.Put(newObject(layer, "elsewhere"))
	api.Bookmark()
	api.Put(newPod("a", "q", "Pending"))
	r.has("p q")
	api.Compact() // the watch has seen everything, so nothing expires
	api.EndWatches(false)
	api.Put(newPod("a", "r", "Pending"))
	r.has("p q r")
	if lists := countLists(api, "/pods$"); lists != 1 {
		t.Errorf("%d lists", lists)
	}
}

// TestLostServer checks that a lost server is reported, with the last known state, until it is
// back.
func TestLostServer(t *testing.T) {
	for name, fault := range map[string]fakeapi.Fault{
		"reset": fakeapi.Reset(), "500": fakeapi.Status(http.StatusInternalServerError, "InternalError", "etcd has no leader"),
		"401": fakeapi.Status(http.StatusUnauthorized, "Unauthorized", "Unauthorized"), "HTML": fakeapi.JSON("<html>"),
		"429": fakeapi.TooMany(1),
	} {
		t.Run(name, func(t *testing.T) {
			api := fakeapi.New(t, newPod("a", "p", "Pending"))
			r := start(t, api, Options{}, collect.Queries(pod, layer)...)
			r.has("p")
			api.WaitWatching(2)
			api.Fail(".", fault)
			api.EndWatches(true)
			lost := r.until("error", func(u Update) bool { return u.Err != nil })
			if lost.Stale.IsZero() || namesOf(lost, pod) != "p" || !strings.Contains(lost.Err.Error(), "the API server at "+api.URL+": watching ") {
				t.Errorf("stale since %v, pods %q: %v", lost.Stale, namesOf(lost, pod), lost.Err)
			}
			api.Put(newPod("a", "q", "Pending"))
			api.Recover()
			r.has("p q")
			r.until("current state", func(u Update) bool { return u.Err == nil && u.Stale.IsZero() })
		})
	}
}

// TestSilentServer checks that a server that sends nothing, without closing the connection, is
// noticed by a ping, and that all watches begin again.
func TestSilentServer(t *testing.T) {
	api := fakeapi.New(t, newPod("a", "p", "Pending"))
	times := short
	times.idle = 100 * time.Millisecond
	r := start(t, api, Options{times: times}, collect.Queries(pod)...)
	r.has("p")
	api.WaitWatching(1)
	api.WaitFor("^/version$", 1) // which keeps an idle connection alive
	api.Freeze(true)
	api.Fail(".", fakeapi.Hang())
	u := r.until("error", func(u Update) bool { return u.Err != nil })
	if u.Stale.IsZero() || !strings.Contains(u.Err.Error(), "checking the connection: no answer in time") {
		t.Errorf("stale since %v: %v", u.Stale, u.Err)
	}
	api.Put(newPod("a", "q", "Pending"))
	api.Recover()
	api.Freeze(false)
	api.EndWatches(true)
	r.has("p q")
	r.until("current state", func(u Update) bool { return u.Err == nil })
}

// TestPolls checks that a kind that may not be watched is listed at intervals.
func TestPolls(t *testing.T) {
	api := fakeapi.New(t, newPod("a", "p", "Pending"))
	api.DenyWatch("pods")
	r := start(t, api, Options{Poll: 5 * time.Millisecond}, collect.Queries(pod, layer)...)
	r.has("p")
	api.Put(newPod("a", "q", "Pending"))
	u := r.has("p q")
	if !reflect.DeepEqual(u.Polled, []schema.GroupKind{pod}) || u.Err != nil {
		t.Errorf("polled: %v, %v", u.Polled, u.Err)
	}
}

// TestForbidden checks that the namespaces are watched one by one if all of them may not be
// listed, and that this is recorded as in a snapshot that is read once.
func TestForbidden(t *testing.T) {
	api := fakeapi.New(t, newPod("a", "p", "Pending"), newPod("b", "x", "Pending"))
	api.Deny("pods", "a")
	r := start(t, api, Options{}, collect.Queries(pod)...)
	u := r.has("p")
	once, err := r.session.Read(t.Context(), collect.Queries(pod))
	if err != nil || !reflect.DeepEqual(once.Requests(), u.Snapshot.Requests()) {
		t.Errorf("%v: %v, not %v", err, u.Snapshot.Requests(), once.Requests())
	}
	api.WaitWatching(1)
	api.Put(newPod("a", "q", "Pending"))
	r.has("p q")
	api.Allow("pods")
	r.has("p q x")
}

// TestServedLater checks that a kind is found that is installed while it is watched, also in
// single namespaces, and that one that is removed is not served.
func TestServedLater(t *testing.T) {
	api := fakeapi.New(t, newPod("a", "p", "Pending"))
	gauge := schema.GroupKind{Group: "example.org", Kind: "Gauge"}
	r := start(t, api, Options{}, collect.Query{GroupKind: pod}, collect.Query{GroupKind: gauge, Namespaces: []string{"a"}})
	u := r.has("p")
	if why := u.Snapshot.List(gauge, "").Unknown; len(why) != 1 || why[0].Reason != snapshot.NotServed {
		t.Errorf("unknown: %v", why)
	}
	api.Put(newObject(gauge, "g"))
	r.until("gauge", func(u Update) bool { return namesOf(u, gauge) == "g" })
	if n := countLists(api, "/gauges$"); api.Count("/namespaces/a/gauges$") == 0 || n > 2 {
		t.Errorf("requests: %v", api.Requests())
	}
	api.Unserve("example.org")
	api.EndWatches(false)
	r.until("kind to disappear", func(u Update) bool {
		why := u.Snapshot.List(gauge, "a").Unknown
		return len(why) == 1 && why[0].Reason == snapshot.NotServed
	})
}

// TestQuiet checks that a change of a quiet kind alone causes no Update, and appears in the next
// one.
func TestQuiet(t *testing.T) {
	api := fakeapi.New(t, newPod("a", "p", "Pending"))
	r := start(t, api, Options{Quiet: []schema.GroupKind{lease}}, collect.Queries(pod, lease)...)
	r.has("p")
	api.WaitWatching(2)
	r.mu.Lock()
	before := r.updates
	r.mu.Unlock()
	for i := range 20 {
		api.Put(newObject(lease, fmt.Sprint("l", i)))
		time.Sleep(5 * time.Millisecond) // longer than a burst of changes
	}
	api.Put(newPod("a", "q", "Pending"))
	u := r.has("p q")
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(u.Snapshot.List(lease, "").Objects); r.updates > before+5 || n != 20 {
		t.Errorf("%d updates, %d leases", r.updates-before, n)
	}
}

// TestHeartbeat checks that an Update is delivered without a change, at a later time.
func TestHeartbeat(t *testing.T) {
	api := fakeapi.New(t, newPod("a", "p", "Pending"))
	times := short
	times.heartbeat = 10 * time.Millisecond
	r := start(t, api, Options{times: times}, collect.Queries(pod)...)
	first := r.has("p")
	r.until("heartbeat", func(u Update) bool { return u.Snapshot.Meta().At.After(first.Snapshot.Meta().At) })
}

// TestEnds checks that the watch ends with the error of deliver, and at the limits of a session.
func TestEnds(t *testing.T) {
	api := fakeapi.New(t, newPod("a", "p", "Pending"))
	session, err := collect.Open(t.Context(), &rest.Config{Host: api.URL}, collect.Options{})
	if err != nil {
		t.Fatal(err)
	}
	failed := errors.New("failed")
	if err := Run(t.Context(), session, collect.Queries(pod), Options{times: short}, func(Update) error { return failed }); err != failed {
		t.Errorf("got %v", err)
	}
	api.Fail("/pods$", fakeapi.Pages(0, 0))
	err = Run(t.Context(), session, collect.Queries(pod), Options{times: short}, func(Update) error { return nil })
	if !collect.IsLimit(err) {
		t.Errorf("got %v", err)
	}
}

// TestMalformedEvents checks that no answer ends the watch or becomes an object.
func TestMalformedEvents(t *testing.T) {
	for _, body := range []string{
		"<html>", "null", "[]", `{}`, `{"type":"ADDED"}`, `{"type":"ADDED","object":{}}`, `{"type":"FLY","object":{}}`,
		`{"type":"ADDED","object":{"kind":"Service","metadata":{"name":"x","namespace":"a"}}}`,
		`{"type":"ADDED","object":{"kind":"Pod","metadata":{"name":"../x","namespace":"a"}}}`,
		`{"type":"ERROR","object":{"kind":"Status","status":"Failure","code":500,"message":"no leader"}}`,
		`{"type":"BOOKMARK"}`, `{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":7}}}`,
		"{\"type\":\"\xff\"}", `{"type":"ADDED","object":{"metadata":{"name":"` + strings.Repeat("x", 5<<20) + `"}}}`,
	} {
		api := fakeapi.New(t, newPod("a", "p", "Pending"))
		api.Fail("/pods$", fakeapi.After(1, fakeapi.JSON(body)))
		r := start(t, api, Options{}, collect.Queries(pod)...)
		u := r.until("error of "+fmt.Sprintf("%.60s", body), func(u Update) bool { return u.Err != nil })
		if namesOf(u, pod) != "p" {
			t.Errorf("%.60s: pods %q", body, namesOf(u, pod))
		}
		api.Recover()
		r.until("current state after "+fmt.Sprintf("%.60s", body), func(u Update) bool { return u.Err == nil })
		r.end()
	}
}
