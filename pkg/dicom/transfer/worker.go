package transfer

import (
	"context"
	"errors"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom"
)

// worker sends files over one association at a time.
type worker struct {
	*transfer
	queue       *queue
	association *dicom.Association
	conn        *earlyWrite
	// proposed are the kinds that were proposed for the association; nil without one.
	proposed map[kind]bool
	// accepted are the kinds that the peer accepts.
	accepted map[kind]bool
	// next is the following file, and its data, if it was taken in advance.
	next     *file
	nextData *data
	// requesting: the queue lets the worker request an association.
	requesting bool
	// unused: the association has not had a file.
	unused bool
}

func (w *worker) work(ctx context.Context) {
	defer w.end(ctx)
	for w.association != nil || w.associate(ctx) {
		f, opened, ok := w.following()
		if !ok {
			w.end(ctx)
			continue
		}
		w.send(ctx, f, opened)
	}
}

// following is the file that was taken in advance, with its data, or else the next one of
// the queue.
func (w *worker) following() (file, *data, bool) {
	if w.next != nil {
		f, opened := *w.next, w.nextData
		w.next, w.nextData = nil, nil
		w.queue.placed()
		return f, opened, true
	}
	f, what := w.queue.take(w.proposed, w.idle, w.unused)
	w.unused = false
	w.requesting = what == replaceIt
	return f, nil, what == sendFile
}

// ahead takes a file in advance that can be sent next, if one waits.
func (w *worker) ahead() bool {
	f, ok := w.queue.takeOne(w.accepted)
	if !ok {
		return false
	}
	opened, err := w.open(f)
	if err != nil {
		w.fail(f, err)
		w.queue.placed()
		return false
	}
	w.next, w.nextData = &f, opened
	return true
}

// send stores one file. If it fails, its bytes are subtracted from the progress.
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
		w.queue.answered()
		w.pace.bytes.Add(f.meta.DataOffset)
		w.store(f, status)
		return
	case ctx.Err() != nil:
		err = ErrInterrupted
	case w.association.Err() != nil:
		w.lost(err)
	default: // the peer answered
		w.queue.answered()
	}
	data.takeBack()
	w.fail(f, err)
}

// lost handles an association that ended. The file that was taken in advance returns to the
// queue.
func (w *worker) lost(why error) {
	w.association, w.proposed = nil, nil
	if w.next != nil {
		w.nextData.close()
		w.queue.giveBack(*w.next)
		w.next, w.nextData = nil, nil
	}
	var idle interface{ IdleBefore() bool }
	w.queue.died(why, errors.As(why, &idle) && idle.IdleBefore())
}
