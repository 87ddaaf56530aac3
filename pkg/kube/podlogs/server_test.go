package podlogs

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"
)

// server is an API server with kubelets behind it, as far as logs are concerned: it serves logs as
// a kubelet does (k8s.io/cri-client v0.36, pkg/logs), and breaks connections on request.
type server struct {
	*httptest.Server
	t *testing.T

	mu       sync.Mutex
	changed  chan struct{} // closed and replaced at each change
	pods     map[string]*fakePod
	version  int
	events   []string // of the watch, by version
	requests []string
	open     int
	// cut returns after how many bytes the connection of the next log is lost, and whether the
	// server ends the answer as if it were complete; negative for never.
	cut func() (bytes int, clean bool)
	// refuse returns the status for a path, 0 to serve it.
	refuse func(r *http.Request) int
}

type fakePod struct {
	uid, namespace, name string
	labels               map[string]string
	container            string
	instance             int
	waiting, ended       bool
	files                map[int]*file // by instance
}

// file is a log that a kubelet has.
type file struct {
	lines []stored
	ended bool
}

type stored struct {
	at   time.Time
	text string
}

func newServer(t *testing.T) *server {
	s := &server{t: t, changed: make(chan struct{}), pods: map[string]*fakePod{}, cut: func() (int, bool) { return -1, false }, refuse: func(*http.Request) int { return 0 }}
	// As an API server, it speaks HTTP/2.
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(s.handle))
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return s
}

func (s *server) config() *rest.Config {
	return &rest.Config{Host: s.URL, TLSClientConfig: rest.TLSClientConfig{Insecure: true}}
}

// change changes the state, and wakes all that wait for a change.
func (s *server) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	close(s.changed)
	s.changed = make(chan struct{})
}

// add adds a pod with one running container.
func (s *server) add(namespace, name, container string) *fakePod {
	var p *fakePod
	s.change(func() {
		s.version++
		p = &fakePod{uid: fmt.Sprintf("uid-%d", s.version), namespace: namespace, name: name, container: container, labels: map[string]string{"app": "x"}, files: map[int]*file{0: {}}}
		s.pods[namespace+"/"+name] = p
		s.events = append(s.events, fmt.Sprintf(`{"type":"ADDED","object":%s}`, p.object(s.version)))
	})
	return p
}

func (p *fakePod) object(version int) string {
	state := fmt.Sprintf(`"state":{"running":{"startedAt":"2026-01-01T00:00:%02dZ"}}`, p.instance)
	switch {
	case p.ended:
		state = fmt.Sprintf(`"state":{"terminated":{"containerID":"c://%s/%d"}}`, p.uid, p.instance)
	case p.waiting:
		state = `"state":{"waiting":{}}`
	}
	id := fmt.Sprintf(`"containerID":"c://%s/%d",`, p.uid, p.instance)
	if p.waiting {
		id = ""
	}
	labels, _ := json.Marshal(p.labels)
	return fmt.Sprintf(`{"metadata":{"name":%q,"namespace":%q,"uid":%q,"resourceVersion":"%d","labels":%s},"spec":{"containers":[{"name":%q}]},"status":{"containerStatuses":[{"name":%q,%s"restartCount":%d,%s}]}}`,
		p.name, p.namespace, p.uid, version, labels, p.container, p.container, id, p.instance, state)
}

// requested are the requests until now, a line each.
func (s *server) requested() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.requests, "\n")
}

// waitFollowed waits until a log is followed.
func (s *server) waitFollowed(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		if strings.Contains(s.requested(), "follow=true") {
			return
		}
		if time.Now().After(end) {
			t.Fatal("no log is followed")
		}
	}
}

// modified reports a pod to those that watch.
func (s *server) modified(p *fakePod, kind string) {
	s.version++
	s.events = append(s.events, fmt.Sprintf(`{"type":%q,"object":%s}`, kind, p.object(s.version)))
}

// write adds a line to the log of a pod.
func (s *server) write(p *fakePod, at time.Time, text string) {
	s.change(func() {
		f := p.files[p.instance]
		f.lines = append(f.lines, stored{at, text})
	})
}

// restart ends the container, and starts its next instance.
func (s *server) restart(p *fakePod) {
	s.change(func() { s.replace(p) })
}

// replace is restart for a caller that holds the lock.
func (s *server) replace(p *fakePod) {
	p.files[p.instance].ended = true
	p.instance++
	p.files[p.instance] = &file{}
	delete(p.files, p.instance-2)
	s.modified(p, "MODIFIED")
}

// remove deletes a pod.
func (s *server) remove(p *fakePod) {
	s.change(func() {
		p.files[p.instance].ended = true
		s.modified(p, "DELETED")
		delete(s.pods, p.namespace+"/"+p.name)
	})
}

func (s *server) handle(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests = append(s.requests, r.URL.Path+"?"+r.URL.RawQuery)
	s.open++
	code := s.refuse(r)
	s.mu.Unlock()
	defer s.change(func() { s.open-- })
	steps := strings.Split(strings.Trim(r.URL.Path, "/"), "/") // api v1 namespaces NS pods [NAME log]
	switch {
	case code != 0:
		refuse(w, code, "refused by the test")
	case len(steps) == 7:
		s.log(w, r, steps[3]+"/"+steps[5])
	case r.URL.Query().Has("watch"):
		s.watch(w, r, steps[3])
	default:
		s.list(w, steps[3])
	}
}

func refuse(w http.ResponseWriter, code int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	reason := map[int]string{403: "Forbidden", 404: "NotFound", 410: "Expired", 400: "BadRequest"}[code]
	_, _ = fmt.Fprintf(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","code":%d,"reason":%q,"message":%q}`, code, reason, message)
}

func (s *server) list(w http.ResponseWriter, namespace string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var items []string
	for _, p := range s.pods {
		if p.namespace == namespace {
			items = append(items, p.object(s.version))
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, `{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"%d"},"items":[%s]}`, s.version, strings.Join(items, ","))
}

func (s *server) watch(w http.ResponseWriter, r *http.Request, namespace string) {
	from, _ := strconv.Atoi(r.URL.Query().Get("resourceVersion"))
	w.Header().Set("Content-Type", "application/json")
	_ = http.NewResponseController(w).Flush()
	for {
		s.mu.Lock()
		events, changed := s.events[min(from, len(s.events)):], s.changed
		from = len(s.events)
		s.mu.Unlock()
		for _, e := range events {
			if strings.Contains(e, fmt.Sprintf(`"namespace":%q`, namespace)) || strings.Contains(e, `"ERROR"`) {
				_, _ = io.WriteString(w, e+"\n")
			}
		}
		_ = http.NewResponseController(w).Flush()
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		}
	}
}

// log serves a log as a kubelet does: the current file only, or that of the previous instance.
func (s *server) log(w http.ResponseWriter, r *http.Request, name string) {
	q := r.URL.Query()
	since, _ := time.Parse(time.RFC3339, q.Get("sinceTime"))
	s.mu.Lock()
	p := s.pods[name]
	bytes, clean := s.cut()
	var f *file
	if p != nil {
		instance := p.instance
		if q.Get("previous") == "true" {
			instance--
		}
		f = p.files[instance]
	}
	s.mu.Unlock()
	switch {
	case p == nil:
		refuse(w, 404, "pods not found")
		return
	case p.waiting, f == nil:
		refuse(w, 400, "container is waiting to start: ContainerCreating, or was not found")
		return
	}
	out := &cutWriter{w: w, left: bytes, clean: clean}
	next := 0
	for first := true; ; first = false {
		s.mu.Lock()
		lines, ended, changed := f.lines, f.ended, s.changed
		s.mu.Unlock()
		if tail, err := strconv.Atoi(q.Get("tailLines")); err == nil && first {
			next = max(0, len(lines)-tail)
		}
		for ; next < len(lines); next++ {
			if l := lines[next]; !l.at.Before(since) && !out.line(l.at.UTC().Format("2006-01-02T15:04:05.000000000Z07:00")+" "+l.text+"\n") {
				return
			}
		}
		if q.Get("follow") != "true" || ended {
			return
		}
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		}
	}
}

// cutWriter loses the connection after some bytes.
type cutWriter struct {
	w     http.ResponseWriter
	left  int
	clean bool
}

func (c *cutWriter) line(text string) bool {
	lost := c.left >= 0 && len(text) > c.left
	if lost {
		text = text[:c.left]
	}
	if c.left >= 0 {
		c.left -= len(text)
	}
	_, err := io.WriteString(c.w, text)
	_ = http.NewResponseController(c.w).Flush()
	if lost && !c.clean {
		panic(http.ErrAbortHandler)
	}
	return err == nil && !lost
}
