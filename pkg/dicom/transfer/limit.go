package transfer

import (
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

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
	open, requesting, unused int
	// accepted reports whether one was ever accepted.
	accepted bool
	// declined reports whether the peer ever did not accept a further association in
	// addition to the open ones, and growth is how long to wait then before more are
	// requested.
	declined bool
	growth   wait.Backoff
	// retry is the rest of backoff since the peer answered last: a step is taken when an
	// association failed or ended, when no other was open.
	backoff, retry wait.Backoff
	// notBefore is when the next one may be requested, and growAt is when more than now may
	// be.
	notBefore, growAt time.Time
}

func newLimit(o Options) limit {
	return limit{most: o.Concurrency, now: o.Concurrency, growth: growth, backoff: o.Backoff, retry: o.Backoff}
}

// growth is how long to wait after the peer declined a further association.
var growth = wait.Backoff{Duration: time.Second, Factor: 2, Steps: 10, Cap: time.Minute}

// mayAsk reports whether one more association is useful, and the peer is likely to accept
// it. The lock is held.
func (q *queue) mayAsk() bool {
	now := time.Now()
	if !q.growAt.IsZero() && !now.Before(q.growAt) {
		q.now, q.growAt = q.most, time.Time{}
	}
	return q.open+q.requesting < q.now && q.mayReplace() && !now.Before(q.notBefore)
}

// mayReplace is mayAsk for a replacement of an open association.
func (q *queue) mayReplace() bool {
	atOnce := max(1, q.open)
	if q.declined {
		atOnce = 1
	}
	return len(q.files) > q.requesting+q.unused && q.requesting < atOnce
}

// turn waits until a worker may request an association. It returns false if nothing is left
// to send.
func (q *queue) turn() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for !q.done() {
		if q.mayAsk() {
			q.requesting++
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
	q.requesting--
	q.open++
	q.unused++
	q.accepted = true
	q.changed.Broadcast()
}

// answered records that the peer answered a message.
func (q *queue) answered() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.retry = q.backoff
}

// refused records that an association was not established, and why. If another association
// works, that is the peer's limit. If it keeps happening without one, the peer is no longer
// used.
func (q *queue) refused(why error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.requesting--
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
	q.now = max(1, q.open+q.requesting)
	q.declined = true
	delay := q.growth.Step()
	q.growAt = time.Now().Add(delay)
	q.wakeAfter(delay)
}

func (q *queue) miss(why error) {
	if q.retry.Steps <= 0 {
		if q.open == 0 && q.requesting == 0 {
			q.giveUp(why)
		}
		return
	}
	delay := q.retry.Step()
	q.notBefore = time.Now().Add(delay)
	q.wakeAfter(delay)
}

func (q *queue) giveUp(why error) {
	q.gone = fmt.Errorf("the file was not sent because there is no association: %w", why)
}
