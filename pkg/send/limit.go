package send

import (
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom"
)

// limit adapts the number of associations to what the peer accepts. There is one at
// first. While files wait, and those before were accepted, as many are added as there
// are, up to the caller's limit. A peer that serves fewer leaves the next one without an
// answer, or rejects it: then those that are open send all files, and after a while one
// more is tried.
type limit struct {
	// most is the caller's limit, now what the peer seems to accept.
	most, now int
	// open associations were accepted and have not ended, and asking are awaited. Those
	// that are unused have not taken their first file yet.
	open, asking, unused int
	// accepted reports whether one ever was.
	accepted bool
	// declined tells whether the peer ever had no further one beside those that were open,
	// and growth how long to wait then until more are tried.
	declined bool
	growth   wait.Backoff
	// retry is what is left of backoff since the peer answered last: a step is taken when
	// an association failed or died.
	backoff, retry wait.Backoff
	// notBefore is when the next one may be asked for, and growAt when more may be
	// than now.
	notBefore, growAt time.Time
}

func newLimit(o Options) limit {
	return limit{most: o.Concurrency, now: o.Concurrency, growth: growth, backoff: o.Backoff, retry: o.Backoff}
}

// growth is how long to wait after the peer declined a further association.
var growth = wait.Backoff{Duration: time.Second, Factor: 2, Steps: 10, Cap: time.Minute}

// mayAsk reports whether one more association is of use, and the peer has shown that it can
// have it. The lock is held.
func (q *queue) mayAsk() bool {
	now := time.Now()
	if !q.growAt.IsZero() && !now.Before(q.growAt) {
		q.now, q.growAt = q.most, time.Time{}
	}
	return q.open+q.asking < q.now && q.mayReplace() && !now.Before(q.notBefore)
}

// mayReplace is mayAsk for the place of one that is open.
func (q *queue) mayReplace() bool {
	atOnce := max(1, q.open)
	if q.declined {
		atOnce = 1
	}
	return len(q.files) > q.asking+q.unused && q.asking < atOnce
}

// turn waits until a worker may ask for an association. There is none to ask for when
// nothing is left to send.
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

// opened says that the peer accepted what a worker asked for.
func (q *queue) opened() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.asking--
	q.open++
	q.unused++
	q.accepted = true
	q.changed.Broadcast()
}

// answered says that the peer answered a message.
func (q *queue) answered() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.retry = q.backoff
}

// refused says that there was no association, and why. Beside one that works, that is
// the peer's limit. When it goes on without one, the peer is given up.
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

// died says that an association ended that was open. What closes one for being idle has
// nothing against another.
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
	q.declined = true
	delay := q.growth.Step()
	q.growAt = time.Now().Add(delay)
	q.wakeAfter(delay)
}

func (q *queue) miss(why error) {
	if q.retry.Steps <= 0 {
		if q.open == 0 && q.asking == 0 {
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
