package podlogs

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/request"
)

// follower reads the log of one container of one pod.
type follower struct {
	r         *reader
	pods      *podWatch
	container Container
	source    source
	queue     *queue
	window    *window
	// stored is set if the container existed when the command began: its stored lines are
	// limited by the options.
	stored bool
	// before is the follower of an earlier pod with the same name, which must end first: the
	// logs of both are requested by that name.
	before *follower
	ended  chan struct{}

	mu      sync.Mutex
	pod     *Pod
	state   status
	changed chan struct{} // closed and replaced when the state changes

	// instance is the instance that is read, and finished the last one that was read to its end.
	instance, finished string
	// begun is set when a line of the instance was read.
	begun   bool
	counted bool
	told    string // the last reported problem
	odd     string // the last line without a time
	// added is the number of new lines of the last request, and rest the text after the last line
	// feed.
	added int
	rest  string
	back  backOff
}

func newFollower(r *reader, pods *podWatch, pod *Pod, container Container, state status, stored bool) *follower {
	f := &follower{
		r: r, pods: pods, container: container, source: source{pod.Namespace, pod.Name, container.Name}, pod: pod, state: state, stored: stored,
		queue: r.merge.open(stored), changed: make(chan struct{}), ended: make(chan struct{}), before: r.byName[source{pod.Namespace, pod.Name, container.Name}],
	}
	if f.before != nil {
		f.window = f.before.window
	} else {
		f.window = newWindow()
	}
	r.byName[f.source] = f
	return f
}

// set changes the state of the container.
func (f *follower) set(pod *Pod, state status) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.pod = pod; f.state != state {
		f.state = state
		close(f.changed)
		f.changed = make(chan struct{})
	}
}

func (f *follower) current() (status, <-chan struct{}, *Pod) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.state, f.changed, f.pod
}

// run reads the log until it is complete, or with Follow until the pod is gone or ctx ends.
func (f *follower) run(ctx context.Context) {
	defer close(f.ended)
	defer f.queue.end()
	if f.before != nil {
		select {
		case <-f.before.ended:
		case <-ctx.Done():
			return
		}
		f.before = nil
	}
	if f.stored {
		f.readStored(ctx)
	}
	f.queue.follows()
	for f.r.opts.Follow && ctx.Err() == nil {
		state, changed, _ := f.current()
		switch {
		case state.gone:
			return
		case state.id == "" || state.id == f.finished:
			select {
			case <-changed:
			case <-ctx.Done():
			}
		default:
			if !f.next(ctx, state) {
				return
			}
		}
	}
}

// readStored reads the lines that exist when the command begins.
func (f *follower) readStored(ctx context.Context) {
	opts := f.r.opts
	if f.container.Since.After(opts.Since) {
		opts.Since = f.container.Since
	}
	f.window.skipBefore(opts.Since)
	state, _, _ := f.current()
	if state.id == "" && !opts.Previous {
		return // it has no log yet
	}
	f.instance = state.id
	if opts.Tail == 0 {
		return
	}
	ended, err := f.readToEnd(ctx, logRequest{since: opts.Since, tail: opts.Tail, previous: opts.Previous, all: opts.Follow && state.ended, unfinished: !opts.Follow || state.ended})
	if err == nil && ended && state.ended {
		f.finished = state.id
	}
	if err != nil && !opts.Follow && ctx.Err() == nil {
		f.tell(err, false)
	}
}

// next reads an instance of the container until it ends or the connection is lost. It returns
// false if the log can't be read.
func (f *follower) next(ctx context.Context, state status) bool {
	if f.instance != state.id {
		if f.instance != "" && f.finished != f.instance {
			// The rest of the instance before it; there may be none.
			if _, err := f.readToEnd(ctx, logRequest{since: f.window.since(), tail: -1, previous: true, all: true, unfinished: true}); err == nil {
				f.finished = f.instance
			}
		}
		f.instance, f.begun, f.stored = state.id, false, false
	}
	want := logRequest{tail: -1, follow: true}
	if f.begun || f.stored {
		want.since = f.window.since()
	}
	_, err := f.read(ctx, want)
	state, changed, _ := f.current()
	switch {
	case ctx.Err() != nil || state.id != f.instance:
		return true
	case apierrors.IsForbidden(err):
		f.tell(err, false)
		return false
	case err == nil && (state.ended || state.gone):
		rest := logRequest{since: f.window.since(), tail: -1, all: true, unfinished: true}
		if complete, err := f.readToEnd(ctx, rest); err == nil && complete {
			f.finished = f.instance
			return true
		}
	case err != nil && !lost(err) && !apierrors.IsNotFound(err):
		f.tell(err, true)
	}
	wait := time.Duration(0)
	if err == nil {
		wait = pauseEnded
	}
	f.pause(ctx, wait, changed)
	// The container may have been restarted meanwhile. Without an answer, its log can't be read
	// either.
	for tries := 0; f.pods.refresh(ctx) != nil && tries < attempts && ctx.Err() == nil; tries++ {
		f.pause(ctx, 0, changed)
	}
	return true
}

// pauseEnded is the wait if the server has ended the log of a container that runs: a kubelet without
// free file watchers does that each time.
const pauseEnded = time.Second

// pause waits before the next request: for some time, or longer after each failure with 0, until
// the state changes or the API server answers again.
func (f *follower) pause(ctx context.Context, fixed time.Duration, changed <-chan struct{}) {
	wake, cancel := context.WithCancel(ctx)
	defer cancel()
	reconnected := f.r.reconnected()
	go func() {
		select {
		case <-changed:
		case <-reconnected:
		case <-wake.Done():
		}
		cancel()
	}()
	f.back.wait(ctx, fixed, wake.Done())
}

// attempts is how often stored lines are requested if that fails.
const attempts = 6

// readToEnd reads stored lines, and continues after a lost connection. complete is set if they
// were read to the end.
//
// An API server that loses the kubelet's connection ends its answer as if it were complete. So
// if all lines of an instance must be read, because it has ended, the end is requested again
// until nothing new comes.
func (f *follower) readToEnd(ctx context.Context, want logRequest) (complete bool, err error) {
	var back backOff
	for range attempts {
		f.added, f.rest = 0, ""
		complete, err = f.read(ctx, want)
		if complete && (!want.all || f.added == 0 && (f.rest == "" || f.rest == want.rest)) || ctx.Err() != nil || err != nil && !passing(err) {
			return complete, err
		}
		if since := f.window.since(); f.window.last != 0 {
			want.since, want.tail = since, -1
		}
		want.rest = f.rest
		if complete {
			continue
		}
		back.wait(ctx, 0, f.r.reconnected())
		// The container may have been restarted meanwhile: the rest is then in the log of its
		// previous instance.
		if f.pods.refresh(ctx) == nil {
			state, _, _ := f.current()
			want.previous = want.previous || !state.gone && state.id != f.instance
		}
	}
	return complete, err
}

// passing reports whether the same request may succeed later.
func passing(err error) bool {
	var status apierrors.APIStatus
	var answer request.AnswerError
	switch {
	case errors.As(err, &answer):
		return answer.Passing
	case errors.As(err, &status):
		return apierrors.IsTooManyRequests(err) || status.Status().Code >= 500
	}
	return true
}

// lost reports whether there was no answer, so that the API server itself can't be reached.
func lost(err error) bool {
	var status apierrors.APIStatus
	var answer request.AnswerError
	return !errors.As(err, &answer) && !errors.As(err, &status)
}

// tell reports a problem once.
func (f *follower) tell(err error, retrying bool) {
	if text := err.Error(); text != f.told {
		f.told = text
		f.r.report(Problem{Namespace: f.source.namespace, Pod: f.source.pod, Container: f.source.container, Err: err, Retrying: retrying})
	}
	if !f.counted && !retrying {
		f.counted = true
		f.r.counted(false)
	}
}

// logRequest are the parameters of a request.
type logRequest struct {
	since    time.Time
	tail     int64
	follow   bool
	previous bool
	// all is set if an instance that has ended must be read to its end.
	all bool
	// unfinished passes on the text after the last line feed: the container will not complete it.
	unfinished bool
	// rest is that text in the last answer: with all, it is passed on if it is the same again.
	rest string
}

// open requests the log.
func (f *follower) open(ctx context.Context, want logRequest) (io.ReadCloser, error) {
	steps, err := request.Place{GroupVersionKind: schema.GroupVersionKind{Version: "v1", Kind: "Pod"}, Resource: "pods", Namespace: f.source.namespace}.Path(f.source.pod)
	if err != nil {
		return nil, err
	}
	get := f.r.streams.GetStream().AbsPath(append(steps, "log")...).Param("container", f.source.container).Param("timestamps", "true")
	if !want.since.IsZero() {
		get.Param("sinceTime", want.since.UTC().Format(time.RFC3339))
	}
	if want.tail >= 0 && f.container.Keep == nil {
		get.Param("tailLines", strconv.FormatInt(want.tail, 10))
	}
	if want.follow {
		get.Param("follow", "true")
	}
	if want.previous {
		get.Param("previous", "true")
	}
	// The kubelet answers a request that follows when it has the first line.
	return f.r.streams.Open(ctx, get, !want.follow)
}

// read reads lines until the log ends, and passes on those that are new. complete is set if the
// server has ended the answer; the text after the last line feed is a line only if the log is not
// followed.
func (f *follower) read(ctx context.Context, want logRequest) (complete bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	watched := &watchedReader{}
	watched.since.Store(time.Now().UnixNano())
	if want.follow {
		go f.endQuiet(ctx, f.instance, watched, cancel)
	}
	body, err := f.open(ctx, want)
	if err != nil && watched.ended.Load() {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	defer func() { _ = body.Close() }()
	watched.in = body
	if !f.counted {
		f.counted = true
		f.r.counted(true)
	}
	lines, pass := newLineReader(watched), f.window.newPass()
	kept := ring{size: want.tail}
	emit := f.emit
	if want.tail >= 0 && f.container.Keep != nil {
		emit = kept.add
	}
	for {
		text, skipped, whole, err := lines.next()
		if !whole {
			f.rest = string(text)
		}
		if whole || errors.Is(err, io.EOF) && f.isLast(want) {
			if !f.use(pass, want, text, skipped, emit) {
				return false, context.Canceled
			}
		}
		if err != nil {
			kept.flush(f.emit)
			if complete = errors.Is(err, io.EOF) || watched.ended.Load(); complete {
				err = nil
			}
			return complete, err
		}
	}
}

// isLast reports whether the text after the last line feed is a line.
func (f *follower) isLast(want logRequest) bool {
	_, _, ok := stamped([]byte(f.rest))
	return ok && want.unfinished && (!want.all || f.rest == want.rest)
}

// use passes on a line that is new and wanted. It returns false if the command ends.
func (f *follower) use(pass *pass, want logRequest, text []byte, skipped int64, emit func(Line) bool) bool {
	at, rest, ok := stamped(text)
	switch {
	case !ok && (pass.last.IsZero() && !want.since.IsZero() || string(text) == f.odd):
		return true // the rest of a line that began earlier, or the kubelet's error again
	case !ok:
		f.odd, at = string(text), pass.last
	case !pass.fresh(at.UnixNano(), rest):
		pass.last = at
		f.back.reset()
		return true
	default:
		pass.last = at
		f.back.reset()
		f.added++
		if f.stored && !f.begun && want.tail >= 0 {
			pass.w.skipBefore(at) // earlier lines are not wanted
		}
		f.begun = true
	}
	if f.container.Keep != nil && !f.container.Keep(rest) {
		return true
	}
	_, _, pod := f.current()
	return emit(Line{Pod: pod, Container: f.source.container, Time: at, Text: bytes.Clone(rest), Skipped: skipped})
}

func (f *follower) emit(l Line) bool { return f.queue.put(l) }

// How long a followed log may be quiet after its container has been replaced, or its pod has
// gone, until it is ended. A kubelet ends it itself.
const (
	quietReplaced = 2 * time.Second
	quietGone     = 10 * time.Second
)

// endQuiet ends a followed log when its instance is no longer the current one and nothing more
// comes.
func (f *follower) endQuiet(ctx context.Context, instance string, in *watchedReader, cancel context.CancelFunc) {
	for ctx.Err() == nil {
		state, changed, _ := f.current()
		var quiet time.Duration
		switch {
		case state.gone:
			quiet = quietGone
		case state.id != instance || state.ended:
			quiet = quietReplaced
		}
		if quiet > 0 && in.quiet() >= quiet {
			in.ended.Store(true)
			cancel()
			return
		}
		var tick <-chan time.Time
		if quiet > 0 {
			tick = time.After(quiet / 10)
		}
		select {
		case <-ctx.Done():
		case <-changed:
		case <-tick:
		}
	}
}

// watchedReader knows how long a read, or the request itself, has been waiting.
type watchedReader struct {
	in    io.Reader
	since atomic.Int64 // when that began, 0 if nothing waits
	ended atomic.Bool
}

func (w *watchedReader) Read(p []byte) (int, error) {
	w.since.Store(time.Now().UnixNano())
	n, err := w.in.Read(p)
	w.since.Store(0)
	return n, err
}

func (w *watchedReader) quiet() time.Duration {
	since := w.since.Load()
	if since == 0 {
		return 0
	}
	return time.Since(time.Unix(0, since))
}

// ring keeps the last lines.
type ring struct {
	size  int64
	lines []Line
}

func (r *ring) add(l Line) bool {
	r.lines = append(r.lines, l)
	if extra := int64(len(r.lines)) - r.size; extra > 0 {
		r.lines = r.lines[extra:]
	}
	return true
}

func (r *ring) flush(emit func(Line) bool) {
	for _, l := range r.lines {
		if !emit(l) {
			return
		}
	}
	r.lines = nil
}

// IsWaiting reports whether a log could not be read because its container has not been started,
// or has no previous instance.
func IsWaiting(err error) bool {
	return apierrors.IsBadRequest(err) && (strings.Contains(err.Error(), "waiting to start") || strings.Contains(err.Error(), "not found") || strings.Contains(err.Error(), "not available"))
}
