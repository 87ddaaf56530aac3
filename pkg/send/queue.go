package send

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// window is how many files are looked at ahead of sending: enough that an
// association is asked for with most of the kinds that will come.
const window = 512

// queue holds the files that wait for an association.
type queue struct {
	ctx     context.Context
	mu      sync.Mutex
	changed *sync.Cond
	files   []file
	closed  bool
	// unplaced are files that were taken and have no association yet.
	unplaced int
	workers  int
	// gone is why no worker is left, and the peer is given up.
	gone error
	// recent are the kinds seen last, the newest at the end.
	recent []kind
}

func newQueue(ctx context.Context, workers int) *queue {
	q := &queue{ctx: ctx, workers: workers}
	q.changed = sync.NewCond(&q.mu)
	context.AfterFunc(ctx, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.changed.Broadcast()
	})
	return q
}

// errInterrupted is of files that the peer had not answered for when the user had
// enough.
var errInterrupted = errors.New("the transfer was interrupted before the peer had stored it")

// stopped is why nothing is sent any more. The lock is held.
func (q *queue) stopped() error {
	if q.ctx.Err() != nil {
		return errInterrupted
	}
	return q.gone
}

func (q *queue) over() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.stopped()
}

// put waits for room. An error says why the file won't be sent.
func (q *queue) put(f file) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.files) >= window && q.stopped() == nil {
		q.changed.Wait()
	}
	if err := q.stopped(); err != nil {
		return err
	}
	q.files = append(q.files, f)
	q.recent = remember(q.recent, f.kind())
	q.changed.Broadcast()
	return nil
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.changed.Broadcast()
}

// take waits for a file: the first whose kind is proposed already, or else the
// first. It is to be placed or left. There is none when the queue is closed and
// nothing can come back to it, or stopped.
func (q *queue) take(proposed map[kind]bool) (file, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.files) == 0 && (!q.closed || q.unplaced > 0) && q.stopped() == nil {
		q.changed.Wait()
	}
	if len(q.files) == 0 || q.stopped() != nil {
		return file{}, false
	}
	return q.remove(max(0, q.first(proposed))), true
}

// takeOne takes a file of one of the kinds, if one waits.
func (q *queue) takeOne(kinds map[kind]bool) (file, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	at := q.first(kinds)
	if at < 0 || q.stopped() != nil {
		return file{}, false
	}
	return q.remove(at), true
}

func (q *queue) first(kinds map[kind]bool) int {
	return slices.IndexFunc(q.files, func(f file) bool { return kinds[f.kind()] })
}

func (q *queue) remove(at int) file {
	f := q.files[at]
	q.files = slices.Delete(q.files, at, at+1)
	q.unplaced++
	q.changed.Broadcast()
	return f
}

// placed says that a file that was taken has an association.
func (q *queue) placed() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.unplaced--; q.unplaced == 0 && q.closed {
		q.changed.Broadcast()
	}
}

// leave is a worker's that can't go on: it gives its file back to the others. The
// last one gives the peer up.
func (q *queue) leave(f file, why error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.files = slices.Insert(q.files, 0, f)
	q.unplaced--
	if q.workers--; q.workers == 0 {
		q.gone = why
	}
	q.changed.Broadcast()
}

// left are the files that nobody took, and why.
func (q *queue) left() ([]file, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.files, q.stopped()
}
