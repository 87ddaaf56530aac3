package send

import (
	"errors"
	"fmt"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom"
)

// limit adapts the number of associations to what the peer accepts. It begins with one.
// While files wait and the associations before were accepted, the number doubles, up to the
// caller's limit. A peer that serves fewer does not answer the next request, or rejects it:
// then the open associations send all files, and after a while one more is requested.
type limit struct {
	// most is the caller's limit, and now is what the peer seems to accept.
	most, now int
	// open associations were accepted and have not ended; asking were requested and not
	// answered; unused have not sent their first file.
	open, asking, unused int
	// accepted reports whether one was ever accepted.
	accepted bool
	// declined is how often the peer did not accept a further one in addition to the open
	// ones.
	declined int
	// misses is how often an association failed or died since the peer answered last,
	// when no other was open.
	misses  int
	backoff []time.Duration
	// notBefore is when the next one may be requested, and growAt is when more than now may
	// be.
	notBefore, growAt time.Time
}

func newLimit(o Options) limit {
	return limit{most: o.Concurrency, now: o.Concurrency, backoff: o.Backoff}
}

// growAfter is how long to wait after the peer declined a further association; it
// doubles each time, until growAtMost.
const (
	growAfter  = time.Second
	growAtMost = time.Minute
)

// mayAsk reports whether one more association is useful, and the peer is likely to accept
// it. The lock is held.
func (q *queue) mayAsk() bool {
	now := time.Now()
	if !q.growAt.IsZero() && !now.Before(q.growAt) {
		q.now, q.growAt = q.most, time.Time{}
	}
	return q.open+q.asking < q.now && q.mayReplace() && !now.Before(q.notBefore)
}

// mayReplace is mayAsk for a replacement of an open association.
func (q *queue) mayReplace() bool {
	atOnce := max(1, q.open)
	if q.declined > 0 {
		atOnce = 1
	}
	return len(q.files) > q.asking+q.unused && q.asking < atOnce
}

// turn waits until a worker may request an association. It returns false if nothing is left
// to send.
func (q *queue) turn() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for !q.done() {
		if q.mayAsk() {
			q.asking++
			return true
		}
		q.changed.Wait()
	}
	return false
}

// opened records that the peer accepted an association.
func (q *queue) opened() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.asking--
	q.open++
	q.unused++
	q.accepted = true
	q.changed.Broadcast()
}

// answered records that the peer answered a message.
func (q *queue) answered() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.misses = 0
}

// refused records that an association was not established, and why. If another association
// works, that is the peer's limit. If it keeps happening without one, the peer is no longer
// used.
func (q *queue) refused(why error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.asking--
	var rejected *dicom.RejectError
	switch {
	case q.done():
	case q.open > 0:
		q.decline()
	case errors.As(why, &rejected) && rejected.Permanent() && !q.accepted:
		q.giveUp(why)
	default:
		q.miss(why)
	}
	q.update()
}

// died records that an open association ended. One that was closed because it was idle does
// not count as a failure.
func (q *queue) died(why error, idle bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.open--
	if !idle {
		q.miss(why)
	}
	q.update()
}

func (q *queue) decline() {
	q.now = max(1, q.open+q.asking)
	wait := min(growAfter<<min(q.declined, 10), growAtMost)
	q.declined++
	q.growAt = time.Now().Add(wait)
	q.wakeAfter(wait)
}

func (q *queue) miss(why error) {
	q.misses++
	if q.misses > len(q.backoff) {
		if q.open == 0 && q.asking == 0 {
			q.giveUp(why)
		}
		return
	}
	wait := q.backoff[q.misses-1]
	q.notBefore = time.Now().Add(wait)
	q.wakeAfter(wait)
}

func (q *queue) giveUp(why error) {
	q.gone = fmt.Errorf("the file was not sent because there is no association: %w", why)
}
