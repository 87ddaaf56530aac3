// Package fakeapi is a fake Kubernetes API server for tests: it serves the objects of a test as
// the real one does (discovery, paged lists, selectors, metadata alone, Status errors), and
// injects faults where a test requests them.
//
//	api := fakeapi.New(t, objects...)
//	api.Deny("secrets", "bhs-orthweb")                       // 403 but in that namespace
//	api.Fail("/pods$", fakeapi.Truncate(20))                 // half an answer
//	config := &rest.Config{Host: api.URL}                    // or KUBECONFIG=api.Kubeconfig()
//	if api.Count("/pods$") != 1 { … }
//
// It listens on loopback, without TLS and without authentication. Clients can change objects
// only by merge patches, and apply them in dry runs; tests can change them directly. Only tests import it.
package fakeapi

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Server is a fake API server. Its methods may be called while it serves.
type Server struct {
	// URL is its address: the Host of a rest.Config, or a --server.
	URL string

	tb   testing.TB
	http *httptest.Server
	stop context.CancelFunc

	mu       sync.Mutex
	changed  chan struct{} // closed and replaced when a request begins or ends, or an object changes
	kinds    []Kind
	objects  map[objectKey]*unstructured.Unstructured
	pageSize int
	legacy   bool
	stale    map[string]bool
	denied   map[string][]string
	faults   []faultAt
	clock    func() time.Time
	requests []Request
	serving  int

	// history are all changes of objects. Watches from before the first compacted ones expire; base
	// are the objects after these.
	history   []change
	base      map[objectKey]*unstructured.Unstructured
	compacted int
	unwatched map[string]bool
	streams   map[*stream]bool // the open watches
	// watching is the number of open watches; bookmarks and ended count what they have to send.
	watching, bookmarks, ended int
	broken, frozen             bool
}

// Request is a received request.
type Request struct {
	Method, Path string
	// Query is the raw query.
	Query string
	// Accept is the Accept header.
	Accept string
	// Body is that of a change.
	Body string
	// User and Groups are who the request impersonates.
	User   string
	Groups []string
}

// New starts a server that stops when the test ends. It serves the kinds of a cluster with
// Flux, cert-manager and Istio (see kinds.go), the kinds of the objects, and the objects.
func New(tb testing.TB, objects ...*unstructured.Unstructured) *Server {
	tb.Helper()
	base, stop := context.WithCancel(context.Background())
	s := &Server{
		tb: tb, stop: stop, changed: make(chan struct{}), kinds: newKinds(),
		objects: map[objectKey]*unstructured.Unstructured{}, stale: map[string]bool{}, denied: map[string][]string{}, unwatched: map[string]bool{}, streams: map[*stream]bool{}, base: map[objectKey]*unstructured.Unstructured{},
	}
	s.Put(objects...)
	s.http = httptest.NewUnstartedServer(http.HandlerFunc(s.handle))
	s.http.Config.BaseContext = func(net.Listener) context.Context { return base }
	s.http.Start()
	s.URL = s.http.URL
	tb.Cleanup(s.Close)
	return s
}

// Close stops the server before the test ends: it then refuses connections. Requests that hang
// are released.
func (s *Server) Close() {
	s.stop()
	s.http.CloseClientConnections()
	s.http.Close()
}

// Kubeconfig writes a kubeconfig whose current context is this server, and returns
// its path.
func (s *Server) Kubeconfig() string {
	s.tb.Helper()
	path := filepath.Join(s.tb.TempDir(), "kubeconfig")
	content := fmt.Sprintf(`{apiVersion: v1, kind: Config, current-context: fake, users: [{name: fake, user: {}}],
contexts: [{name: fake, context: {cluster: fake, user: fake}}], clusters: [{name: fake, cluster: {server: %q}}]}
`, s.URL)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		s.tb.Fatal(err)
	}
	return path
}

// SetTime sets the Date header of each answer, independent of the machine's clock.
func (s *Server) SetTime(at time.Time) {
	s.SetClock(func() time.Time { return at })
}

// SetClock sets the clock of the Date header; if it returns the zero time, there is no header.
func (s *Server) SetClock(clock func() time.Time) {
	s.set(func() { s.clock = clock })
}

// SetPageSize sets how many objects a page has at most. A real server, too, may send fewer than
// requested. Requests without a limit get all objects.
func (s *Server) SetPageSize(size int) {
	s.set(func() { s.pageSize = size })
}

// Requests returns the requests received so far, in order.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.requests...)
}

// Count returns how many requests were received for paths that match the regular expression.
func (s *Server) Count(path string) int {
	pattern, n := regexp.MustCompile(path), 0
	for _, r := range s.Requests() {
		if pattern.MatchString(r.Path) {
			n++
		}
	}
	return n
}

// patience is how long the waiting methods wait before the test fails.
const patience = 20 * time.Second

// WaitFor waits until the given number of requests for matching paths were received.
func (s *Server) WaitFor(path string, count int) {
	s.tb.Helper()
	s.until(fmt.Sprintf("%d requests for %s", count, path), func() bool { return s.Count(path) >= count })
}

// WaitIdle waits until no request is being served.
func (s *Server) WaitIdle() {
	s.tb.Helper()
	s.until("all requests to end", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.serving == 0
	})
}

func (s *Server) until(what string, reached func() bool) {
	s.tb.Helper()
	expired := time.After(patience)
	for {
		s.mu.Lock()
		changed := s.changed
		s.mu.Unlock()
		if reached() {
			return
		}
		select {
		case <-changed:
		case <-expired:
			s.tb.Fatalf("waited %s for %s; received: %v", patience, what, s.Requests())
		}
	}
}

func (s *Server) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// handle records a request, and answers it.
func (s *Server) handle(w http.ResponseWriter, r *http.Request) {
	received := Request{Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Accept: r.Header.Get("Accept"), User: r.Header.Get("Impersonate-User"), Groups: r.Header.Values("Impersonate-Group")}
	if r.Method != http.MethodGet {
		body, _ := io.ReadAll(r.Body) // a request that broke off is answered as such
		received.Body, r.Body = string(body), io.NopCloser(bytes.NewReader(body))
	}
	s.mu.Lock()
	s.requests = append(s.requests, received)
	s.count(1)
	clock, handler := s.clock, s.handlerOf(r)
	s.mu.Unlock()
	defer s.set(func() { s.count(-1) })
	if clock != nil {
		w.Header()["Date"] = nil
		if now := clock(); !now.IsZero() {
			w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
		}
	}
	handler.ServeHTTP(w, r)
}

// count changes the number of requests that are being served. The caller holds the lock.
func (s *Server) count(by int) {
	s.serving += by
	s.signal()
}
