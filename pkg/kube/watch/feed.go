package watch

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/collect"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// feed is one list that is kept current.
type feed struct {
	*collect.Feed
	watcher   *watcher
	query     collect.Query
	namespace string
	// quiet is set if a change of the kind is no news.
	quiet bool
	// request is the one whose answer is in Live.
	request snapshot.Request
	// woken has a value if the wait for the next list must end.
	woken chan struct{}
	// again is when a kind that could not be watched may be tried again.
	again time.Time

	// The watcher's lock protects these.

	// listed is set once the list has been answered, or refused, and known if it was answered.
	listed, known bool
	// polled is set if the kind can't be watched, and unserved if it is not served.
	polled, unserved bool
	// err is why the list may be out of date, since lost.
	err  error
	lost time.Time
}

// run lists and watches until ctx ends.
func (f *feed) run(ctx context.Context) error {
	t := f.watcher.opts.times
	for failures := 0; ctx.Err() == nil; {
		begun := time.Now()
		refused, err := f.list(ctx)
		if err == nil && !refused {
			err = f.follow(ctx)
			if err == nil && (f.polled || time.Since(begun) > t.last) {
				failures = 0
				continue
			}
		}
		switch {
		case collect.IsLimit(err):
			return err
		case refused:
			f.wait(ctx, t.absent)
			continue
		}
		failures++
		f.wait(ctx, t.backoff(failures))
	}
	return ctx.Err()
}

// list lists the kind, and replaces the answer that is known. It returns whether the list is
// refused: forbidden, or not served.
func (f *feed) list(ctx context.Context) (refused bool, err error) {
	w := f.watcher
	select {
	case w.atOnce <- struct{}{}:
		defer func() { <-w.atOnce }()
	case <-ctx.Done():
		return false, ctx.Err()
	}
	if f.isSplit() {
		f.narrow(ctx)
		w.live.Forget(f.request)
		w.update(true, func() { f.listed, f.unserved, f.err = true, false, nil })
		return true, nil
	}
	requested, objects, err := f.List(ctx)
	why := snapshot.NotRequested
	if requested.Failure != nil {
		why = requested.Failure.Reason
	}
	refused = why == snapshot.Forbidden || why == snapshot.NotServed
	if err != nil && !refused && (requested.Failure == nil || f.known) {
		f.lose(ctx, err)
		return false, err
	}
	w.hear()
	if why == snapshot.Forbidden && f.namespace == "" {
		f.narrow(ctx)
	}
	f.request = requested
	changed := w.live.Set(requested, objects...)
	if refused {
		f.Drop()
	}
	w.update(changed, func() {
		f.listed, f.known, f.unserved, f.err = true, err == nil, why == snapshot.NotServed, nil
	})
	return refused, err
}

// isSplit reports whether the kind, which was not served at first, turned out to have namespaces,
// and only some of them are wanted.
func (f *feed) isSplit() bool {
	_, namespaced, err := f.watcher.session.Served(f.query.GroupKind)
	return f.namespace == "" && len(f.query.Namespaces) > 0 && namespaced && err == nil
}

// narrow starts feeds of the single namespaces, because the list of all of them is forbidden.
func (f *feed) narrow(ctx context.Context) {
	namespaces := f.query.Namespaces
	if len(namespaces) == 0 {
		namespaces = f.watcher.session.Namespaces(f.query)
	}
	if _, namespaced, err := f.watcher.session.Served(f.query.GroupKind); err != nil || !namespaced {
		return
	}
	for _, namespace := range namespaces {
		f.watcher.feed(ctx, f.query, namespace)
	}
}

// follow keeps a list current until it has to be listed again, for which it returns no error.
func (f *feed) follow(ctx context.Context) error {
	w, t := f.watcher, f.watcher.opts.times
	for failures := 0; ; {
		begun := time.Now()
		err := collect.ErrUnwatchable
		if f.Watchable() && begun.After(f.again) {
			err = f.watch(ctx)
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case collect.IsLimit(err):
			return err
		case errors.Is(err, collect.ErrExpired):
			return nil
		case errors.Is(err, collect.ErrUnwatchable):
			if begun.After(f.again) {
				f.again = begun.Add(t.absent)
			}
			w.update(!f.polled, func() { f.polled = true })
			f.wait(ctx, w.opts.Poll)
			return nil
		case err != nil:
			f.lose(ctx, err)
		}
		if time.Since(begun) > t.last { // it has worked
			failures = 0
		}
		if failures++; err != nil || failures > 1 {
			f.wait(ctx, t.backoff(failures))
		}
	}
}

// watch watches the list until the stream ends.
func (f *feed) watch(ctx context.Context) error {
	w := f.watcher
	w.mu.Lock()
	connection := w.connection
	w.mu.Unlock()
	err := f.Watch(connection, spread(w.opts.times.stream), func() {
		w.hear()
		w.update(f.err != nil || f.polled, func() { f.err, f.polled = nil, false })
	}, func(event collect.Event) error {
		w.hear()
		switch {
		case event.Object == nil:
			return nil
		case event.Deleted:
			w.live.Remove(f.request, event.Object.GetNamespace(), event.Object.GetName())
		default:
			w.live.Put(f.request, event.Object)
		}
		w.update(!f.quiet, func() {})
		return connection.Err()
	})
	if ctx.Err() == nil && connection.Err() != nil {
		return context.Cause(connection)
	}
	return err
}

// lose notes that the list may be out of date.
func (f *feed) lose(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	since := f.watcher.session.Now()
	var silent silentError
	if errors.As(err, &silent) {
		since, err = silent.heard, silent.error
	}
	f.watcher.update(true, func() {
		if f.err == nil {
			f.lost = since
		}
		f.err = err
	})
}

// wait waits for the next attempt, or until the feed is woken.
func (f *feed) wait(ctx context.Context, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-f.woken:
	case <-ctx.Done():
	}
}

// wake ends the wait.
func (f *feed) wake() {
	select {
	case f.woken <- struct{}{}:
	default: // it is being woken
	}
}

// spread is a time that differs between the feeds: not all of them must end at once.
func spread(around time.Duration) time.Duration { return around*3/4 + rand.N(around/2) }

// backoff is the wait before the attempt after so many failures.
func (t times) backoff(failures int) time.Duration {
	wait := min(t.first<<min(failures-1, 16), t.last)
	return wait/2 + rand.N(wait/2+1) // clients must not return all at the same time
}
