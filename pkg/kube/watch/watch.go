// Package watch keeps a snapshot of a cluster current: it lists each kind once, and then watches
// its changes. Kinds that the user may list but not watch are listed again at intervals.
package watch

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/collect"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// Options are the caller's choices.
type Options struct {
	// Poll is how often kinds are listed that can't be watched; DefaultPoll if it is 0.
	Poll time.Duration
	// Quiet are kinds whose changes are not news, such as Leases, which are renewed every few
	// seconds: a change of them alone appears in the next Update for another reason.
	Quiet []schema.GroupKind
	// Between is the shortest time between Updates; half a second if it is 0.
	Between time.Duration
	// Heartbeat is when an Update is delivered although nothing has changed; ten seconds if it is 0.
	Heartbeat time.Duration
	// Lists is how many kinds are listed at the same time; 16 if it is 0. The objects of a list
	// take more memory until they share their equal parts.
	Lists int

	times times
}

// DefaultPoll is how often kinds are listed that can't be watched.
const DefaultPoll = 10 * time.Second

// Update is the state of the cluster after a change.
type Update struct {
	// Snapshot is the newest that is known, nil until every kind has been listed once. Snapshots
	// share objects with earlier ones; none of them changes.
	Snapshot *snapshot.Snapshot
	// Stale is since when the Snapshot may be out of date, in the API server's time, because the
	// connection to it is lost; zero if the Snapshot is current.
	Stale time.Time
	// Err is why it may be out of date, or why there is none yet.
	Err error
	// Polled are the kinds that are listed at intervals, in order: watching them is forbidden, or
	// not supported.
	Polled []schema.GroupKind
}

// PolledResources are the names that the Polled kinds have in permissions.
func (u Update) PolledResources() []string {
	var names []string
	for _, kind := range u.Polled {
		names = append(names, schema.GroupResource{Group: kind.Group, Resource: object.PluralOf(kind.Kind)}.String())
	}
	return names
}

// times are the waits of a watch. Tests shorten them.
type times struct {
	// quiet ends a burst of changes that an Update combines, and burst is the longest one.
	quiet, burst time.Duration
	// between is the shortest time between Updates.
	between time.Duration
	// heartbeat is when an Update is delivered although nothing has changed: verdicts depend on
	// the time.
	heartbeat time.Duration
	// idle is how long the API server may be silent before it is pinged.
	idle, ping time.Duration
	// first and last are the waits before a request is repeated.
	first, last time.Duration
	// absent is how often a kind is listed that is forbidden or not served, and how often the
	// served kinds are discovered then.
	absent time.Duration
	// stream is how long a watch lasts.
	stream time.Duration
}

var usualTimes = times{
	quiet: 250 * time.Millisecond, burst: time.Second, between: 500 * time.Millisecond, heartbeat: 10 * time.Second,
	idle: 15 * time.Second, ping: 5 * time.Second,
	first: 500 * time.Millisecond, last: 10 * time.Second,
	absent: time.Minute, stream: 6 * time.Minute,
}

// Run watches the queried kinds, and delivers an Update after each change, those in quick succession
// combined, at least every ten seconds. A slow deliver delays the next Update, and nothing
// else.
//
// It ends with ctx, with the error of deliver, or if the cluster exceeds the limits of a
// session. A lost connection does not end it: the Updates say so, until it is established again.
func Run(ctx context.Context, session *collect.Session, queries []collect.Query, opts Options, deliver func(Update) error) error {
	if opts.times == (times{}) {
		opts.times = usualTimes
	}
	opts.times.heartbeat = cmp.Or(opts.Heartbeat, opts.times.heartbeat)
	opts.times.between = cmp.Or(opts.Between, opts.times.between)
	opts.Poll = cmp.Or(opts.Poll, DefaultPoll)
	group, watching := errgroup.WithContext(ctx)
	w := &watcher{
		session: session.Apart(), opts: opts, live: snapshot.NewLive(), group: group,
		news: make(chan struct{}, 1), atOnce: make(chan struct{}, cmp.Or(opts.Lists, maxParallel)), feeds: map[feedKey]*feed{},
	}
	w.connection, w.cut = context.WithCancelCause(watching)
	w.heard = time.Now()
	for _, query := range queries {
		w.start(watching, query)
	}
	group.Go(func() error { return w.check(watching) })
	group.Go(func() error { return w.rediscover(watching) })
	ended := make(chan error, 1)
	group.Go(func() error {
		err := w.deliver(watching, deliver)
		ended <- err
		return err
	})
	if err := <-ended; ctx.Err() != nil {
		return err // the feeds end, too, when they have decoded what they received
	}
	return group.Wait()
}

// maxParallel bounds the parallel lists, as in collect.
const maxParallel = 16

// watcher is a running watch.
type watcher struct {
	session *collect.Session
	opts    Options
	live    *snapshot.Live
	group   *errgroup.Group
	// news has a value if there may be something to deliver.
	news chan struct{}
	// atOnce bounds the parallel lists.
	atOnce chan struct{}

	mu    sync.Mutex
	feeds map[feedKey]*feed
	// connection ends, with the reason, when the API server does not answer a ping: all watches
	// are then started again.
	connection context.Context
	cut        context.CancelCauseFunc
	// heard is when the API server last sent something, by this machine's clock.
	heard time.Time
	// changed is since when a change is not delivered, and last when the last one was, both
	// of this machine's clock; zero if there is none.
	changed, last time.Time
}

type feedKey struct {
	schema.GroupKind
	namespace, selector string
}

func (k feedKey) compare(other feedKey) int {
	return cmp.Or(cmp.Compare(k.Group, other.Group), cmp.Compare(k.Kind, other.Kind), cmp.Compare(k.namespace, other.namespace), cmp.Compare(k.selector, other.selector))
}

// start starts the feeds of a query.
func (w *watcher) start(ctx context.Context, query collect.Query) {
	namespaces := query.Namespaces
	if _, namespaced, err := w.session.Served(query.GroupKind); len(namespaces) == 0 || err == nil && !namespaced {
		namespaces = []string{""}
	}
	for _, namespace := range namespaces {
		w.feed(ctx, query, namespace)
	}
}

// feed starts one feed, unless it runs.
func (w *watcher) feed(ctx context.Context, query collect.Query, namespace string) {
	key := feedKey{query.GroupKind, namespace, query.FieldSelector}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.feeds[key] != nil {
		return
	}
	f := &feed{watcher: w, Feed: w.session.Feed(query, namespace), query: query, namespace: namespace, quiet: slices.Contains(w.opts.Quiet, query.GroupKind), woken: make(chan struct{}, 1)}
	w.feeds[key] = f
	w.group.Go(func() error { return f.run(ctx) })
}

// hear notes that the API server sent something.
func (w *watcher) hear() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.heard = time.Now()
}

// update changes the state of a feed, and announces an Update if that is news.
func (w *watcher) update(news bool, change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
	if !news {
		return
	}
	w.last = time.Now()
	if w.changed.IsZero() {
		w.changed = w.last
	}
	select {
	case w.news <- struct{}{}:
	default: // one is announced
	}
}

// check pings an API server that is silent, and restarts all watches if it does not answer: a
// connection may be lost without a message. When it answers again, requests that were sent
// before that may still have no answer, so all are restarted once more.
func (w *watcher) check(ctx context.Context) error {
	t := w.opts.times
	var lost error
	for ctx.Err() == nil {
		w.mu.Lock()
		heard := w.heard
		w.mu.Unlock()
		if silent := time.Since(heard); silent < t.idle {
			Sleep(ctx, t.idle-silent)
			continue
		}
		err := w.session.Ping(ctx, t.ping)
		if err == nil {
			w.hear()
		}
		if err != nil || lost != nil {
			w.restart(ctx, silentError{cmp.Or(err, lost), w.session.Now().Add(-time.Since(heard))})
		}
		if lost = err; err != nil {
			Sleep(ctx, t.ping)
		}
	}
	return ctx.Err()
}

// restart ends all watches, which begin again.
func (w *watcher) restart(ctx context.Context, why error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut(why)
	w.connection, w.cut = context.WithCancelCause(ctx)
}

// silentError is the error of an API server that no longer answers.
type silentError struct {
	error
	// heard is when it last sent something, in its time.
	heard time.Time
}

// rediscover discovers the served kinds again, at intervals, while a kind is not served, and has
// it listed when it is.
func (w *watcher) rediscover(ctx context.Context) error {
	for Sleep(ctx, w.opts.times.absent) {
		w.mu.Lock()
		missing := false
		for _, f := range w.feeds {
			missing = missing || f.unserved
		}
		w.mu.Unlock()
		if !missing {
			continue
		}
		if changed, err := w.session.Rediscover(ctx); err != nil || !changed {
			continue // the feeds report a lost server
		}
		w.mu.Lock()
		for _, f := range w.feeds {
			if f.unserved {
				f.wake()
			}
		}
		w.mu.Unlock()
	}
	return ctx.Err()
}

// deliver delivers Updates.
func (w *watcher) deliver(ctx context.Context, deliver func(Update) error) error {
	t := w.opts.times
	delivered, pause := time.Now(), time.Duration(0)
	for {
		if wait := w.due(delivered, pause, time.Now()); wait > 0 {
			select {
			case <-w.news: // which may change when the Update is due
			case <-time.After(wait):
			case <-ctx.Done():
				return ctx.Err()
			}
			continue
		}
		begin := time.Now()
		update, ok := w.state()
		if ok {
			if err := deliver(update); err != nil {
				return err
			}
		}
		delivered = time.Now()
		// A large cluster, for which an Update takes long, must not take all of the machine.
		pause = max(t.between, 2*delivered.Sub(begin))
	}
}

// due is how long the next Update has to wait: for the end of a burst of changes, or for the next
// heartbeat.
func (w *watcher) due(delivered time.Time, pause time.Duration, now time.Time) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := w.opts.times
	at := delivered.Add(max(t.heartbeat, pause))
	if !w.changed.IsZero() {
		burst := earlier(w.last.Add(t.quiet), w.changed.Add(t.burst))
		if begin := delivered.Add(pause); begin.After(burst) {
			burst = begin
		}
		at = earlier(at, burst)
	}
	return max(0, at.Sub(now))
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// state is the next Update, false as long as there is nothing to say.
func (w *watcher) state() (Update, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.changed, w.last = time.Time{}, time.Time{}
	var update Update
	complete := true
	keys := make([]feedKey, 0, len(w.feeds))
	for key := range w.feeds {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, feedKey.compare)
	for _, key := range keys {
		f := w.feeds[key]
		complete = complete && f.listed
		if f.err != nil && (update.Err == nil || f.lost.Before(update.Stale)) {
			update.Stale, update.Err = f.lost, f.err
		}
		if f.polled && !slices.Contains(update.Polled, key.GroupKind) {
			update.Polled = append(update.Polled, key.GroupKind)
		}
	}
	if complete {
		update.Snapshot = w.live.Snapshot(w.session.Meta())
	}
	return update, complete || update.Err != nil
}

// Sleep waits, and reports whether ctx is still valid.
func Sleep(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
