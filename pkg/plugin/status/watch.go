package status

import (
	"context"
	"errors"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/queries"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/watch"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/render"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant/selection"
)

// look reads the cluster once and assesses the tenants.
func (o *options) look(ctx context.Context) ([]tenant.Status, time.Time, error) {
	snap, err := o.read(ctx)
	if err != nil {
		return nil, time.Time{}, err
	}
	statuses, err := selection.Named(snap, o.names, o.origin.Recording())
	return statuses, snap.Meta().At, err
}

// seen is what a watch knows of the cluster.
type seen struct {
	watch.Update
	statuses []tenant.Status
	// absent is why not all tenants that were named are among them.
	absent error
	// now is the API server's clock.
	now func() time.Time
}

// view shows what a watch sees. It is not an interface, which would link every method of the
// flags of the command into the program.
type view struct {
	// show shows a new state.
	show func(seen) error
	// tick shows the same state a second later.
	tick func() error
}

// watchLoop shows the state until it is interrupted: redrawn in place on a terminal, otherwise
// its changes, one a line or as objects. A lost connection does not end it.
func (o *options) watchLoop(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	out := o.call.Streams.Out
	log := &changeLog{options: o}
	view := view{log.show, func() error { return nil }}
	if o.output.Table() && command.Columns(out) > 0 {
		drawn := &screen{options: o, marks: marks{}}
		view.show, view.tick = drawn.show, drawn.tick
	}
	resizes, ticks := command.Resizes(ctx), time.NewTicker(time.Second)
	defer ticks.Stop()
	news, ended := make(chan seen), make(chan error, 1)
	go func() { ended <- o.follow(ctx, news) }()
	for {
		var err error
		select {
		case next := <-news:
			err = view.show(next)
		case <-ticks.C:
			err = view.tick()
		case <-resizes:
			err = view.tick()
		case err = <-ended:
		case <-ctx.Done():
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
	}
}

// follow watches the cluster, and assesses the tenants after each change.
func (o *options) follow(ctx context.Context, news chan<- seen) error {
	send := func(s seen) error {
		select {
		case news <- s:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	session, err := o.call.SessionWhenReachable(ctx, o.interval, func(err error) error {
		return send(seen{Update: watch.Update{Err: err, Stale: time.Now()}, now: time.Now})
	})
	if err != nil {
		return err
	}
	opts := watch.Options{Poll: o.interval, Quiet: queries.Quiet()}
	return watch.Run(ctx, session, queries.Verdicts(), opts, func(update watch.Update) error {
		next := seen{Update: update, now: session.Now}
		if update.Snapshot != nil {
			next.statuses, next.absent = selection.Named(update.Snapshot, o.names, nil)
		}
		return send(next)
	})
}

// notes are what the user has to know besides the state.
func (o *options) notes(s seen) []string {
	var notes []string
	if s.Err != nil {
		notes = append(notes, render.Stale(s.Stale, s.now(), s.Snapshot != nil, s.Err))
	}
	var absent *selection.AbsentError
	switch {
	case errors.As(s.absent, &absent):
		notes = append(notes, absent.Waiting()...)
	case s.absent != nil:
		notes = append(notes, s.absent.Error())
	}
	if len(s.Polled) > 0 {
		notes = append(notes, render.Polled(s.PolledResources(), o.interval))
	}
	return notes
}
