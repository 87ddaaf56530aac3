package send

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom"
)

// worker sends files over one association at a time.
type worker struct {
	*transfer
	queue       *queue
	association *dicom.Association
	conn        *eager
	// proposed are the kinds that the association was asked for with; nil without
	// one.
	proposed map[kind]bool
	// accepted are the kinds that the peer takes.
	accepted map[kind]bool
	// next is the file that follows, and its data, once it was taken ahead.
	next     *file
	nextData *data
	// misses is how often an association failed since the peer answered last, and
	// why is its last failure.
	misses int
	why    error
}

func (w *worker) work(ctx context.Context) {
	defer w.end(ctx)
	for {
		f, opened, ok := w.following()
		if !ok {
			return
		}
		if err := w.associate(ctx, f); err != nil {
			opened.close()
			w.queue.leave(f, fmt.Errorf("it was not sent, since there is no association: %w", err))
			return
		}
		w.queue.placed()
		w.send(ctx, f, opened)
	}
}

// following is the file that was taken ahead, with its data, or else the queue's.
func (w *worker) following() (file, *data, bool) {
	if w.next == nil {
		f, ok := w.queue.take(w.proposed)
		return f, nil, ok
	}
	f, opened := *w.next, w.nextData
	w.next, w.nextData = nil, nil
	return f, opened, true
}

// ahead takes a file that can be sent next for certain, if there is one.
func (w *worker) ahead() bool {
	f, ok := w.queue.takeOne(w.accepted)
	if !ok {
		return false
	}
	opened, err := w.open(f)
	if err != nil {
		w.queue.placed()
		w.fail(f, err)
		return false
	}
	w.next, w.nextData = &f, opened
	return true
}

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
	w.conn = &eager{Conn: conn, more: w.ahead}
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

// send stores one file. What it says of the bytes that are under way is taken back
// when it fails.
func (w *worker) send(ctx context.Context, f file, data *data) {
	var err error
	if data == nil {
		if data, err = w.open(f); err != nil {
			w.fail(f, err)
			return
		}
	}
	defer data.close()
	status, err := w.association.Store(ctx, f.meta, data)
	switch {
	case err == nil:
		w.misses = 0
		w.pace.bytes.Add(f.meta.DataOffset)
		w.store(f, status)
		return
	case ctx.Err() != nil:
		err = errInterrupted
	case w.association.Err() != nil:
		w.missed(err)
	default: // the peer answered
		w.misses = 0
	}
	data.takeBack()
	w.fail(f, err)
}

// end releases the association, or aborts it when the user has had enough.
func (w *worker) end(ctx context.Context) {
	if w.association == nil {
		return
	}
	if ctx.Err() == nil {
		const patience = 5 * time.Second
		bounded, cancel := context.WithTimeout(ctx, patience)
		if w.conn.owed { // the file that was to follow could not be read
			_, _ = w.association.Echo(bounded)
		}
		_ = w.association.Release(bounded) // all it was for has been answered
		cancel()
	}
	w.association.Abort()
	w.association, w.proposed = nil, nil
}
