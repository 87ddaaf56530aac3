package send

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
	// proposed are the kinds that the association was asked for with; nil without
	// one.
	proposed map[kind]bool
	// accepted are the kinds that the peer takes.
	accepted map[kind]bool
	// next is the file that follows, and its data, once it was taken ahead.
	next     *file
	nextData *data
	// asking: the queue has the worker ask for an association.
	asking bool
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

// following is the file that was taken ahead, with its data, or else the queue's.
func (w *worker) following() (file, *data, bool) {
	if w.next != nil {
		f, opened := *w.next, w.nextData
		w.next, w.nextData = nil, nil
		w.queue.placed()
		return f, opened, true
	}
	f, what := w.queue.take(w.proposed, w.idle, w.unused)
	w.unused = false
	w.asking = what == replaceIt
	return f, nil, what == sendFile
}

// ahead takes a file that can be sent next for certain, if there is one.
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
		w.queue.answered()
		w.pace.bytes.Add(f.meta.DataOffset)
		w.store(f, status)
		return
	case ctx.Err() != nil:
		err = errInterrupted
	case w.association.Err() != nil:
		w.lost(err)
	default: // the peer answered
		w.queue.answered()
	}
	data.takeBack()
	w.fail(f, err)
}

// lost is of an association that died. The file that was taken ahead is anybody's.
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
