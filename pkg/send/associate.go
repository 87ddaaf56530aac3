package send

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom"
)

// associate sees to an association that was asked for with the file's kind.
func (w *worker) associate(ctx context.Context, f file) error {
	if w.proposed[f.kind()] {
		return nil
	}
	w.end(ctx)
	for {
		if w.misses > len(w.options.Backoff) {
			return w.why
		}
		if w.misses > 0 {
			if err := pause(ctx, w.options.Backoff[w.misses-1]); err != nil {
				return err
			}
		}
		err := w.connect(ctx, f)
		if err == nil {
			return nil
		}
		var rejected *dicom.RejectError
		if ctx.Err() != nil || errors.As(err, &rejected) && rejected.Permanent() {
			return err
		}
		w.missed(err)
	}
}

// connect dials first, and then sees which kinds have turned up meanwhile.
func (w *worker) connect(ctx context.Context, f file) error {
	conn, err := w.options.Dial(ctx)
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	contexts, proposed := propose(w.queue.kinds(f))
	w.conn = &earlyWrite{Conn: conn, more: w.ahead}
	w.association, err = dicom.Associate(ctx, w.conn, dicom.Options{
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

func (w *worker) missed(why error) {
	w.misses++
	w.why, w.proposed, w.association = why, nil, nil
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
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

// bounded gives do cleanupTimeout of its own.
func bounded(ctx context.Context, do func(context.Context)) {
	ctx, cancel := context.WithTimeout(ctx, cleanupTimeout)
	defer cancel()
	do(ctx)
}
