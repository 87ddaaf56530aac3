package podlogs

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var began = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// all reads all containers of a namespace.
func all(namespaces ...string) []Place {
	var places []Place
	for _, namespace := range namespaces {
		places = append(places, Place{Namespace: namespace, Containers: func(p *Pod) []Container {
			var all []Container
			for _, name := range p.Containers {
				all = append(all, Container{Name: name})
			}
			return all
		}})
	}
	return places
}

// received collects lines, by pod.
type received struct {
	mu       sync.Mutex
	lines    map[string][]string
	ordered  []string
	problems []string
	count    int
	more     chan struct{}
}

func newReceived() *received {
	return &received{lines: map[string][]string{}, more: make(chan struct{}, 1)}
}

func (r *received) sink() Sink {
	return Sink{
		Line: func(l Line) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.lines[l.Pod.Name] = append(r.lines[l.Pod.Name], string(l.Text))
			r.ordered = append(r.ordered, string(l.Text))
			r.count++
			select {
			case r.more <- struct{}{}:
			default:
			}
			return nil
		},
		Idle: func() error { return nil },
	}
}

func (r *received) report(p Problem) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.problems = append(r.problems, fmt.Sprintf("%s/%s %s: %v", p.Namespace, p.Pod, p.Container, p.Err))
}

// wait waits until a number of lines was received.
func (r *received) wait(t *testing.T, count int) {
	t.Helper()
	late := time.After(30 * time.Second)
	for {
		r.mu.Lock()
		n := r.count
		r.mu.Unlock()
		if n >= count {
			return
		}
		select {
		case <-r.more:
		case <-late:
			r.mu.Lock()
			defer r.mu.Unlock()
			t.Fatalf("received %d lines, want %d; problems: %v", r.count, count, r.problems)
		}
	}
}

// follow runs Run with Follow until the test ends.
func follow(t *testing.T, s *server, opts Options, places ...Place) (*received, func()) {
	t.Helper()
	got := newReceived()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	opts.Follow = true
	go func() {
		_, err := Run(ctx, s.config(), places, opts, got.sink(), got.report)
		done <- err
	}()
	end := sync.OnceFunc(func() {
		stop()
		select {
		case err := <-done:
			if !errors.Is(err, context.Canceled) {
				t.Errorf("ended with %v", err)
			}
		case <-time.After(5 * time.Second):
			t.Error("it does not end")
		}
	})
	t.Cleanup(end)
	return got, end
}

func read(t *testing.T, s *server, opts Options, places ...Place) (*received, Result) {
	t.Helper()
	got := newReceived()
	result, err := Run(t.Context(), s.config(), places, opts, got.sink(), got.report)
	if err != nil {
		t.Fatal(err)
	}
	return got, result
}

// TestOrder checks that the stored lines of several pods are in the order of their times.
func TestOrder(t *testing.T) {
	s := newServer(t)
	for i := range 5 {
		p := s.add("a", fmt.Sprint("pod-", i), "c")
		for j := range 200 {
			s.write(p, began.Add(time.Duration(5*j+i)*time.Millisecond), fmt.Sprintf("%05d", 5*j+i))
		}
	}
	got, result := read(t, s, Options{Tail: -1}, all("a", "none")...)
	if len(got.ordered) != 1000 || !slices.IsSorted(got.ordered) || result != (Result{Containers: 5}) {
		t.Errorf("%d lines, sorted: %v, %+v", len(got.ordered), slices.IsSorted(got.ordered), result)
	}
	got, _ = read(t, s, Options{Tail: 2}, all("a")...)
	if want := "00990 00991 00992 00993 00994 00995 00996 00997 00998 00999"; strings.Join(got.ordered, " ") != want {
		t.Errorf("the last two: %v", got.ordered)
	}
	got, _ = read(t, s, Options{Tail: -1, Since: began.Add(time.Second - 10*time.Millisecond)}, all("a")...)
	if want := "00990 00991 00992 00993 00994 00995 00996 00997 00998 00999"; strings.Join(got.ordered, " ") != want {
		t.Errorf("since the last 10 ms: %v", got.ordered)
	}
}

// TestKeep checks that Tail counts the lines that are kept.
func TestKeep(t *testing.T) {
	s := newServer(t)
	p := s.add("a", "p", "c")
	for i := range 100 {
		s.write(p, began.Add(time.Duration(i)*time.Second), fmt.Sprint(i))
	}
	places := []Place{{Namespace: "a", Containers: func(*Pod) []Container {
		return []Container{{Name: "c", Keep: func(text []byte) bool { return strings.HasSuffix(string(text), "7") }}}
	}}}
	got, _ := read(t, s, Options{Tail: 2}, places...)
	if want := []string{"87", "97"}; !slices.Equal(got.ordered, want) {
		t.Errorf("got %v, want %v", got.ordered, want)
	}
	followed, _ := follow(t, s, Options{Tail: 2}, places...)
	followed.wait(t, 2)
	s.write(p, began.Add(200*time.Second), "a7")
	s.write(p, began.Add(201*time.Second), "b8")
	s.write(p, began.Add(202*time.Second), "c7")
	followed.wait(t, 4)
	if want := []string{"87", "97", "a7", "c7"}; !slices.Equal(followed.ordered, want) {
		t.Errorf("got %v, want %v", followed.ordered, want)
	}
}

// TestExactlyOnce loses connections at random bytes, ends answers before their end as an API
// server does that is stopped, restarts containers, and replaces a pod by one of the same name,
// while lines are written. Each line must be received once, in its order.
func TestExactlyOnce(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 1))
			s := newServer(t)
			var cuts sync.Mutex
			left, before := 25, false
			s.cut = func() (int, bool) {
				cuts.Lock()
				defer cuts.Unlock()
				if left--; left < 0 {
					return -1, false
				}
				// An end without an error is not noticed if the next one is at the same byte.
				before = !before && random.IntN(2) == 0
				return random.IntN(3000), before
			}
			pods := []*fakePod{s.add("a", "one", "c"), s.add("a", "two", "c"), s.add("b", "one", "c")}
			want := map[string][]string{}
			at := began
			writer := rand.New(rand.NewPCG(seed, 2))
			write := func(n int) {
				for range n {
					i := writer.IntN(len(pods))
					at = at.Add(time.Duration(writer.IntN(40)) * time.Millisecond)
					name := pods[i].name
					text := fmt.Sprintf("%s %d", pods[i].namespace, len(want[name]))
					if writer.IntN(10) == 0 {
						text = "the same" // lines need not differ
					}
					want[name] = append(want[name], pods[i].namespace+":"+text)
					s.write(pods[i], at, text)
				}
			}
			write(100)
			got, end := follow(t, s, Options{Tail: -1}, all("a", "b")...)
			total := 100
			for range 12 {
				n := writer.IntN(60)
				write(n)
				total += n
				if writer.IntN(3) == 0 { // only when all lines of the instance before it were read
					got.wait(t, total)
					s.restart(pods[writer.IntN(len(pods))])
				}
			}
			got.wait(t, total)
			// A StatefulSet replaces a pod.
			s.remove(pods[1])
			pods[1] = s.add("a", "two", "c")
			write(60)
			got.wait(t, total+60)
			write(1)
			got.wait(t, total+61)
			end()
			for name, lines := range want {
				var plain []string
				for _, l := range lines {
					plain = append(plain, l[strings.Index(l, ":")+1:])
				}
				if name == "one" { // in two namespaces
					slices.Sort(plain)
					slices.Sort(got.lines[name])
				}
				if !slices.Equal(got.lines[name], plain) {
					t.Errorf("%s: got %d lines, want %d: %s", name, len(got.lines[name]), len(plain), difference(got.lines[name], plain))
				}
			}
		})
	}
}

// difference is where two lists begin to differ.
func difference(got, want []string) string {
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			return fmt.Sprintf("at %d: got %q, want %q", i, got[i:min(i+5, len(got))], want[i:min(i+5, len(want))])
		}
	}
	return ""
}

// TestPrevious checks that the end of an instance that was restarted while the connection was
// lost is read, before the next one.
func TestPrevious(t *testing.T) {
	s := newServer(t)
	p := s.add("a", "p", "c")
	s.write(p, began, "0")
	got, _ := follow(t, s, Options{Tail: -1}, all("a")...)
	got.wait(t, 1)
	s.waitFollowed(t)
	s.mu.Lock()
	s.refuse = func(r *http.Request) int {
		if strings.HasSuffix(r.URL.Path, "/log") {
			return 503
		}
		return 0
	}
	s.mu.Unlock()
	s.CloseClientConnections()
	s.write(p, began.Add(time.Second), "1")
	s.write(p, began.Add(2*time.Second), "2")
	s.restart(p)
	s.write(p, began.Add(3*time.Second), "3")
	s.mu.Lock()
	s.refuse = func(*http.Request) int { return 0 }
	s.mu.Unlock()
	got.wait(t, 4)
	if want := []string{"0", "1", "2", "3"}; !slices.Equal(got.ordered, want) {
		t.Errorf("got %v, want %v; requests: %s", got.ordered, want, s.requested())
	}
	read, _ := read(t, s, Options{Tail: -1, Previous: true}, all("a")...)
	if want := []string{"0", "1", "2"}; !slices.Equal(read.ordered, want) {
		t.Errorf("--previous: got %v, want %v", read.ordered, want)
	}
}

// TestRestartWhileStoredLinesAreRead checks that if the connection is lost while stored lines are
// read, and the container is restarted before it is back, the lines of the earlier instance come
// before those of the new one.
func TestRestartWhileStoredLinesAreRead(t *testing.T) {
	for _, followed := range []bool{true, false} {
		s := newServer(t)
		p := s.add("a", "p", "c")
		for i := range 3 {
			s.write(p, began.Add(time.Duration(i)*time.Second), fmt.Sprint(i))
		}
		cuts, lost, replaced := []int{40, -1}, false, false
		s.refuse = func(r *http.Request) int {
			if lost && !replaced && !r.URL.Query().Has("watch") {
				s.replace(p)
				p.files[p.instance].lines = []stored{{began.Add(3 * time.Second), "3"}}
				replaced = true
			}
			lost = lost || strings.HasSuffix(r.URL.Path, "/log")
			return 0
		}
		s.cut = func() (int, bool) {
			cut := cuts[0]
			cuts = append(cuts[1:], -1)
			return cut, false
		}
		want := []string{"0", "1", "2"}
		var got *received
		if followed {
			want = append(want, "3")
			got, _ = follow(t, s, Options{Tail: -1}, all("a")...)
			got.wait(t, len(want))
		} else {
			got, _ = read(t, s, Options{Tail: -1}, all("a")...)
		}
		if !slices.Equal(got.ordered, want) {
			t.Errorf("follow %t: got %v, want %v; requests: %s", followed, got.ordered, want, s.requested())
		}
	}
}

// TestTailAfterLostConnection checks that the last lines that were requested are continued where the
// connection was lost, also if the pods can't be listed then: they are no longer the last lines.
func TestTailAfterLostConnection(t *testing.T) {
	s := newServer(t)
	p := s.add("a", "p", "c")
	for i := range 3 {
		s.write(p, began.Add(time.Duration(i)*time.Second), fmt.Sprint(i))
	}
	cuts := []int{40, -1}
	s.cut = func() (int, bool) {
		cut := cuts[0]
		cuts = append(cuts[1:], -1)
		return cut, false
	}
	lists := 0
	s.refuse = func(r *http.Request) int {
		if strings.HasSuffix(r.URL.Path, "/log") {
			return 0
		}
		if lists++; lists == 1 {
			return 0
		}
		p.files[0].lines = append(p.files[0].lines, stored{began.Add(3 * time.Second), "3"}, stored{began.Add(4 * time.Second), "4"})
		return http.StatusForbidden
	}
	got, _ := read(t, s, Options{Tail: 2}, all("a")...)
	if want := []string{"1", "2", "3", "4"}; !slices.Equal(got.ordered, want) {
		t.Errorf("got %v, want %v; requests: %s", got.ordered, want, s.requested())
	}
}

// TestRotation checks that a log whose older lines were rotated away continues.
func TestRotation(t *testing.T) {
	s := newServer(t)
	p := s.add("a", "p", "c")
	var want []string
	for i := range 300 {
		s.write(p, began.Add(time.Duration(i)*time.Millisecond), fmt.Sprint(i))
		want = append(want, fmt.Sprint(i))
	}
	got, _ := follow(t, s, Options{Tail: -1}, all("a")...)
	got.wait(t, 300)
	s.change(func() { p.files[0].lines, p.files[0].ended = nil, false })
	s.CloseClientConnections()
	for i := 300; i < 600; i++ {
		s.write(p, began.Add(time.Duration(i)*time.Millisecond), fmt.Sprint(i))
		want = append(want, fmt.Sprint(i))
	}
	got.wait(t, 600)
	if !slices.Equal(got.ordered, want) {
		t.Errorf("got %v", got.ordered)
	}
}

// TestNewPods checks that pods that are created later, and containers that start later, are read
// from their beginning.
func TestNewPods(t *testing.T) {
	s := newServer(t)
	waiting := s.add("a", "waiting", "c")
	s.change(func() { waiting.waiting = true; s.modified(waiting, "MODIFIED") })
	got, _ := follow(t, s, Options{Tail: 0, Since: began.Add(time.Hour)}, all("a")...)
	s.change(func() { waiting.waiting = false; s.modified(waiting, "MODIFIED") })
	s.write(waiting, began.Add(time.Hour), "started")
	got.wait(t, 1)
	added := s.add("a", "added", "c")
	s.write(added, began, "first")
	got.wait(t, 2)
	if want := []string{"started", "first"}; !slices.Equal(got.ordered, want) || len(got.problems) > 0 {
		t.Errorf("got %v, want %v; %v", got.ordered, want, got.problems)
	}
}

// TestForbidden checks that what may not be read is reported, and the rest is read.
func TestForbidden(t *testing.T) {
	s := newServer(t)
	s.write(s.add("a", "p", "c"), began, "x")
	s.write(s.add("b", "q", "c"), began, "y")
	s.add("c", "r", "c")
	s.refuse = func(r *http.Request) int {
		if strings.Contains(r.URL.Path, "/b/pods/q/log") || strings.HasSuffix(r.URL.Path, "/c/pods") {
			return 403
		}
		return 0
	}
	got, result := read(t, s, Options{Tail: -1}, all("a", "b", "c")...)
	if result != (Result{Containers: 1, Failed: 1}) || len(got.problems) != 2 || !slices.Equal(got.ordered, []string{"x"}) {
		t.Errorf("%+v %v %v", result, got.problems, got.ordered)
	}
}

// TestWatchForbidden checks that pods are listed if they may not be watched.
func TestWatchForbidden(t *testing.T) {
	s := newServer(t)
	s.write(s.add("a", "p", "c"), began, "x")
	s.refuse = func(r *http.Request) int {
		if r.URL.Query().Has("watch") {
			return 403
		}
		return 0
	}
	got, _ := follow(t, s, Options{Tail: -1}, all("a")...)
	got.wait(t, 1)
	s.write(s.add("a", "q", "c"), began, "y")
	got.wait(t, 2)
}

// TestLostServer checks that a server that no longer answers is reported once, and that it answers
// again.
func TestLostServer(t *testing.T) {
	s := newServer(t)
	p := s.add("a", "p", "c")
	s.write(p, began, "x")
	s.add("b", "q", "c")
	events := make(chan Problem, 100)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	got := newReceived()
	done := make(chan struct{})
	config := s.config()
	var down atomic.Bool
	config.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if down.Load() {
			return nil, errors.New("connection refused")
		}
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	go func() {
		defer close(done)
		_, _ = Run(ctx, config, all("a", "b"), Options{Tail: -1, Follow: true}, got.sink(), func(p Problem) { events <- p })
	}()
	got.wait(t, 1)
	down.Store(true)
	s.CloseClientConnections()
	if p := <-events; !p.Lost || p.Err == nil {
		t.Errorf("got %+v", p)
	}
	s.write(p, began.Add(time.Second), "y")
	down.Store(false)
	got.wait(t, 2)
	if p := <-events; !p.Reconnected {
		t.Errorf("got %+v", p)
	}
	stop()
	<-done
	if len(events) > 0 {
		t.Errorf("also %+v", <-events)
	}
}

// TestExpiredWatch checks that a watch whose version is too old begins again.
func TestExpiredWatch(t *testing.T) {
	s := newServer(t)
	s.write(s.add("a", "p", "c"), began, "x")
	got, _ := follow(t, s, Options{Tail: -1}, all("a")...)
	got.wait(t, 1)
	s.change(func() {
		s.version++
		s.events = append(s.events, `{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old resource version"}}`)
	})
	s.write(s.add("a", "q", "c"), began, "y")
	got.wait(t, 2)
}

// TestHostileLines checks that lines of any size and content are read, and that their size is
// limited.
func TestHostileLines(t *testing.T) {
	s := newServer(t)
	p := s.add("a", "p", "c")
	texts := []string{"", "\x1b[2J\x1b]0;x\a", "\xff\xfe", strings.Repeat("x", maxLine-31), strings.Repeat("y", 10<<20), "a\rb", "last"}
	for i, text := range texts {
		s.write(p, began.Add(time.Duration(i)*time.Second), text)
	}
	var lines []Line
	if _, err := Run(t.Context(), s.config(), all("a"), Options{Tail: -1}, Sink{
		Line: func(l Line) error { lines = append(lines, l); return nil }, Idle: func() error { return nil },
	}, func(p Problem) { t.Error(p) }); err != nil {
		t.Fatal(err)
	}
	if len(lines) != len(texts) {
		t.Fatalf("%d lines", len(lines))
	}
	for i, l := range lines {
		if !strings.HasPrefix(texts[i], string(l.Text)) || len(l.Text)+int(l.Skipped) != len(texts[i]) || l.Skipped > 0 && len(texts[i]) < maxLine {
			t.Errorf("line %d: %d bytes and %d, want %d", i, len(l.Text), l.Skipped, len(texts[i]))
		}
	}
}

// TestSlowReader checks that the memory does not grow with what a slow reader has not taken.
func TestSlowReader(t *testing.T) {
	s := newServer(t)
	const pods, lines = 100, 400
	text := strings.Repeat("x", 2000)
	for i := range pods {
		p := s.add("a", fmt.Sprint("p", i), "c")
		s.change(func() {
			for j := range lines {
				p.files[0].lines = append(p.files[0].lines, stored{began.Add(time.Duration(j) * time.Second), text})
			}
		})
	}
	runtime.GC()
	var before, during runtime.MemStats
	runtime.ReadMemStats(&before)
	count := 0
	_, err := Run(t.Context(), s.config(), all("a"), Options{Tail: -1}, Sink{
		Line: func(Line) error {
			if count++; count == 1 {
				time.Sleep(2 * time.Second) // the containers fill their queues
				runtime.GC()
				runtime.ReadMemStats(&during)
			}
			return nil
		}, Idle: func() error { return nil },
	}, func(p Problem) { t.Error(p) })
	if err != nil || count != pods*lines {
		t.Errorf("%v, %d lines", err, count)
	}
	if grown := int64(during.HeapAlloc) - int64(before.HeapAlloc); grown > 64<<20 {
		t.Errorf("%d MiB for a reader that has stopped", grown>>20)
	}
}

// TestEnds checks that a failing reader, or an interrupt, ends everything.
func TestEnds(t *testing.T) {
	s := newServer(t)
	p := s.add("a", "p", "c")
	s.write(p, began, "x")
	broken := errors.New("broken pipe")
	_, err := Run(t.Context(), s.config(), all("a"), Options{Tail: -1, Follow: true}, Sink{
		Line: func(Line) error { return broken }, Idle: func() error { return nil },
	}, func(Problem) {})
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	got, end := follow(t, s, Options{Tail: -1}, all("a")...)
	got.wait(t, 1)
	began := time.Now()
	end()
	if took := time.Since(began); took > time.Second {
		t.Errorf("an interrupt took %s", took)
	}
}
