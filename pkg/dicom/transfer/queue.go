package transfer

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// window is how many files are scanned before they are sent: enough to request an
// association with most of the kinds that will follow.
const window = 512

// queue holds the files that wait for an association. A file leaves it only for an
// association that can carry it: a peer that delays associations does not block the files
// of others. limit.go decides who may request an association, under the same lock.
type queue struct {
	ctx     context.Context
	mu      sync.Mutex
	changed *sync.Cond
	files   []file
	closed  bool
	// ahead are files that were taken before the previous file was answered, and that
	// return if its association ends.
	ahead int
	// needed ends when no file waits and none will follow: further associations are useless
	// then.
	needed context.Context
	enough context.CancelFunc
	// gone is why the peer is no longer used.
	gone error
	// recent are the kinds seen last, the newest at the end.
	recent []kind
	limit
}

func newQueue(ctx context.Context, l limit) *queue {
	q := &queue{ctx: ctx, limit: l}
	q.needed, q.enough = context.WithCancel(ctx)
	q.changed = sync.NewCond(&q.mu)
	context.AfterFunc(ctx, q.wake)
	return q
}

// wake makes all waiting goroutines check again.
func (q *queue) wake() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.changed.Broadcast()
}

// wakeAfter wakes once a time has passed.
func (q *queue) wakeAfter(d time.Duration) *time.Timer { return time.AfterFunc(d, q.wake) }

// ErrInterrupted is for files that the peer had not answered when the user interrupted.
var ErrInterrupted = errors.New("the transfer was interrupted before the peer stored the file")

// stopped is why no further files are sent. The lock is held.
func (q *queue) stopped() error {
	if q.ctx.Err() != nil {
		return ErrInterrupted
	}
	return q.gone
}

func (q *queue) over() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.stopped()
}

// done reports whether nothing is left to take. The lock is held.
func (q *queue) done() bool {
	return q.stopped() != nil || q.closed && len(q.files)+q.ahead == 0
}

// put waits until the queue has room. The error is why the file won't be sent.
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
	q.update()
}

// update notifies the others of a change. The lock is held.
func (q *queue) update() {
	if q.done() {
		q.enough()
	}
	q.changed.Broadcast()
}

// next is what a worker with an association does next.
type next int

const (
	sendFile next = iota
	// releaseIt: no file followed for a while, or none will.
	releaseIt
	// replaceIt: files wait for which it has no presentation context. The worker may
	// request another one immediately.
	replaceIt
)

// take waits for a file of a kind that is proposed already, no longer than idle. With a
// result other than sendFile the association no longer counts as open. unused: it is the
// association's first file.
func (q *queue) take(proposed map[kind]bool, idle time.Duration, unused bool) (file, next) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if unused {
		q.unused--
	}
	until := time.Now().Add(idle)
	var timer *time.Timer
	for {
		if at := q.first(proposed); at >= 0 && q.stopped() == nil {
			return q.remove(at), sendFile
		}
		switch {
		case q.done():
			q.open--
			return file{}, releaseIt
		case q.mayReplace():
			q.open--
			q.requesting++
			return file{}, replaceIt
		case !time.Now().Before(until):
			q.open--
			q.changed.Broadcast()
			return file{}, releaseIt
		}
		if timer == nil {
			timer = q.wakeAfter(idle)
			defer timer.Stop()
		}
		q.changed.Wait()
	}
}

// takeOne takes a file of one of the kinds in advance, if one waits. The caller must call
// placed or giveBack.
func (q *queue) takeOne(kinds map[kind]bool) (file, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	at := q.first(kinds)
	if at < 0 || q.stopped() != nil {
		return file{}, false
	}
	q.ahead++
	return q.remove(at), true
}

// placed records that a file that was taken in advance is being sent, or has failed.
func (q *queue) placed() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ahead--
	q.update()
}

// giveBack returns a file that was taken in advance.
func (q *queue) giveBack(f file) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ahead--
	q.files = slices.Insert(q.files, 0, f)
	q.update()
}

func (q *queue) first(kinds map[kind]bool) int {
	return slices.IndexFunc(q.files, func(f file) bool { return kinds[f.kind()] })
}

func (q *queue) remove(at int) file {
	f := q.files[at]
	q.files = slices.Delete(q.files, at, at+1)
	q.update()
	return f
}

// left are the files that were not taken, and why.
func (q *queue) left() ([]file, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.files, q.stopped()
}
