package events

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/events"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/collect"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/watch"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/render/eventlist"
)

const (
	// scopeInterval is how often the tenant's objects are read again at most, when there are
	// events about objects that were not known.
	scopeInterval = 30 * time.Second
	// scopeAge is when they are read again in any case: there may be objects in namespaces that
	// are not watched.
	scopeAge = 5 * time.Minute
)

// errWider is the error that ends a watch if there are events in more namespaces now.
var errWider = errors.New("the tenant has objects in more namespaces")

// watching prints the events that are known, then each new one.
type watching struct {
	*options
	session *collect.Session
	found   reading
	tracker events.Tracker
	show    func(object runtime.Object) error
	table   eventlist.Printer
	// read is when the tenant's objects were read, and interval is when they may be read again.
	read     time.Time
	interval time.Duration
	// lost is set while the connection is lost, and polled if the lack of watches was reported.
	lost, polled bool
}

func (o *options) newWatching(session *collect.Session, found reading) (*watching, error) {
	w := &watching{options: o, session: session, found: found, read: time.Now(), interval: cmp.Or(o.rescope, scopeInterval), table: eventlist.Printer{Style: o.output.Style(o.call.Streams.Out)}}
	if o.output.Table() {
		return w, nil
	}
	var err error
	w.show, err = o.output.Series(o.call.Streams.Out)
	return w, err
}

// run prints events until the context ends.
func (w *watching) run(ctx context.Context) error {
	now := w.found.snap.Meta().At
	list := w.tracker.New(w.found.snap, w.found.scope, w.filter(now))
	w.tracker.Dismiss()
	if err := w.report(w.found, len(list)); err != nil {
		return err
	}
	if err := w.print(list, events.GroupOf(list), now); err != nil {
		return err
	}
	for {
		err := watch.Run(ctx, w.session, queriesOf(w.found.scope), watch.Options{Poll: w.poll}, func(u watch.Update) error { return w.update(ctx, u) })
		if !errors.Is(err, errWider) || ctx.Err() != nil {
			return err
		}
	}
}

// update prints what is new.
func (w *watching) update(ctx context.Context, u watch.Update) error {
	w.reportConnection(u)
	if u.Snapshot == nil {
		return nil
	}
	now, filter := u.Snapshot.Meta().At, events.Filter{Types: w.types} // what changes now is new, whatever its times
	list := w.tracker.New(u.Snapshot, w.found.scope, filter)
	var wider bool
	if age := time.Since(w.read); u.Err == nil && (age >= w.interval && w.tracker.Aside() || age >= scopeAge) {
		wider = w.readAgain(ctx)
		list = append(list, w.tracker.New(u.Snapshot, w.found.scope, filter)...)
		w.tracker.Dismiss()
	}
	groups := make([]events.Group, len(list))
	for i, e := range list {
		groups[i] = events.Group{Event: e}
	}
	if err := w.print(list, groups, now); err != nil {
		return err
	}
	if wider {
		return errWider
	}
	return nil
}

// readAgain reads the tenant's objects again, and reports whether they are in more namespaces. What
// can't be read now stays as it was.
func (w *watching) readAgain(ctx context.Context) bool {
	w.read = time.Now()
	found, err := w.readScope(ctx, w.session.Apart())
	if err != nil || len(found.scope.Unread) > len(w.found.scope.Unread) {
		return false
	}
	before := w.found.scope.Namespaces()
	w.found.scope = found.scope
	return slices.ContainsFunc(found.scope.Namespaces(), func(namespace string) bool { return !slices.Contains(before, namespace) })
}

// reportConnection says when the connection is lost and established again, and that events can't
// be watched.
func (w *watching) reportConnection(u watch.Update) {
	stderr := w.call.Streams.ErrOut
	switch lost := u.Err != nil; {
	case lost && !w.lost:
		escape.Fprintf(stderr, "error: %v; retrying\n", u.Err)
	case !lost && w.lost:
		escape.Fprintln(stderr, "The API server answers again.")
	}
	w.lost = u.Err != nil
	if !w.polled && slices.Contains(u.Polled, object.EventKind) {
		w.polled = true
		escape.Fprintf(stderr, "Events can't be watched (permission to watch events is missing): they are read every %s.\n", cmp.Or(w.poll, watch.DefaultPoll))
	}
}

// print prints the groups as a table, or each event in another format.
func (w *watching) print(list []events.Event, groups []events.Group, now time.Time) error {
	if w.show == nil {
		if len(groups) == 0 {
			return nil
		}
		return w.table.Print(w.call.Streams.Out, groups, now)
	}
	for _, e := range list {
		if err := w.show(e.Object); err != nil {
			return err
		}
	}
	return nil
}
