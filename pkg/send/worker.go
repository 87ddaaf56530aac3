package send

import (
	"context"
	"fmt"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom"
)

// worker sends files over one association at a time.
type worker struct {
	*transfer
	queue       *queue
	association *dicom.Association
	conn        *earlyWrite
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
