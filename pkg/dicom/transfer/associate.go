package transfer

import (
	"context"
	"fmt"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom"
)

// idleAfter is how long an association waits for a file. Some peers serve no other
// association in this time, and proxies close an association that is idle for longer.
const idleAfter = 200 * time.Millisecond

// surplusAfter is how long to wait for an association that is no longer needed, so that it
// is released instead of aborted.
const surplusAfter = 500 * time.Millisecond

// associate requests an association, and reports whether it has one: it has none if nothing
// is left to send, or if the peer is no longer used. A worker that waits for one holds no
// file.
func (w *worker) associate(ctx context.Context) bool {
	for w.requesting || w.queue.turn() {
		w.requesting = false
		err := w.connect(ctx)
		if err == nil {
			w.queue.opened()
			w.unused = true
			return true
		}
		w.association, w.proposed = nil, nil
		w.queue.refused(err)
	}
	return false
}

// connect dials first, and then proposes the kinds that were found in the meantime.
func (w *worker) connect(ctx context.Context) error {
	conn, err := w.options.Dial(w.queue.needed)
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	contexts, proposed := propose(w.queue.kinds())
	w.conn = &earlyWrite{Conn: conn, more: w.ahead}
	awaiting, cancel := w.whileNeeded(ctx)
	defer cancel()
	w.association, err = dicom.Associate(awaiting, w.conn, dicom.Options{
		Calling: w.options.Calling, Called: w.options.Called, Contexts: contexts, Timeouts: w.options.Timeouts,
	})
	if err != nil {
		return err
	}
	w.proposed, w.accepted = proposed, map[kind]bool{}
	for _, c := range w.association.Contexts() {
		if c.Accepted() {
			w.accepted[kind{c.Proposal.AbstractSyntax, c.TransferSyntax}] = true
		}
	}
	return nil
}

// whileNeeded ends surplusAfter nothing is left to send.
func (w *worker) whileNeeded(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	unwatch := context.AfterFunc(w.queue.needed, func() { time.AfterFunc(surplusAfter, cancel) })
	return ctx, func() { unwatch(); cancel() }
}

// cleanupTimeout limits each of the exchanges that end an association, all of whose
// files have been answered for.
const cleanupTimeout = 5 * time.Second

// end releases the association, or aborts it when ctx is done.
func (w *worker) end(ctx context.Context) {
	if w.association == nil {
		return
	}
	w.conn.more = func() bool { return false }
	if ctx.Err() == nil {
		if w.conn.headerSent { // the file that was to follow could not be read
			bounded(ctx, func(ctx context.Context) { _, _ = w.association.Echo(ctx) })
		}
		bounded(ctx, func(ctx context.Context) { _ = w.association.Release(ctx) })
	}
	w.association.Abort()
	w.association, w.proposed = nil, nil
}

// bounded runs do with cleanupTimeout.
func bounded(ctx context.Context, do func(context.Context)) {
	ctx, cancel := context.WithTimeout(ctx, cleanupTimeout)
	defer cancel()
	do(ctx)
}
