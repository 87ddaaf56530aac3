package podlogs

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// The limits of a container's lines that wait for their turn.
const (
	maxQueued      = 64
	maxQueuedBytes = maxLine
)

// hold is how long a line waits for earlier ones of other containers while logs are followed, and
// patience how long the log of a container that does not answer delays those of others.
const (
	hold     = 250 * time.Millisecond
	patience = 10 * time.Second
)

// merger orders the lines of several containers by time. The lines of one container keep their
// order. Each container has a queue of limited size: a container whose queue is full waits until
// the reader has taken a line, so a slow reader stops them all.
type merger struct {
	mu     sync.Mutex
	room   *sync.Cond
	more   chan struct{} // has an element if something has changed
	queues map[*queue]bool
	heads  heads
	closed bool
	// endless is set if there may be further containers.
	endless bool
	// empty, silent and full count the open queues without a line, those of them whose stored
	// lines are being read, and those that are almost full.
	empty, silent, full int
	now                 func() time.Time
}

// queue are the lines of one container.
type queue struct {
	m     *merger
	lines []queued
	bytes int
	// latest is the time of the newest line, which orders lines whose time is earlier.
	latest time.Time
	// complete is set as long as the log is read from its stored lines: lines of others wait
	// until it has one, or is silent for too long.
	complete bool
	heard    time.Time
	index    int // in heads, -1 if it has no line
}

type queued struct {
	Line
	order   time.Time
	arrived time.Time
}

func newMerger() *merger {
	m := &merger{more: make(chan struct{}, 1), queues: map[*queue]bool{}, now: time.Now}
	m.room = sync.NewCond(&m.mu)
	return m
}

// open adds a container. With stored, its stored lines come first.
func (m *merger) open(stored bool) *queue {
	m.mu.Lock()
	defer m.mu.Unlock()
	q := &queue{m: m, complete: stored, heard: m.now(), index: -1}
	m.queues[q] = true
	m.count(q, 1)
	return q
}

// count adds a queue to the counters, or removes it before a change.
func (m *merger) count(q *queue, by int) {
	if !m.queues[q] {
		return
	}
	if len(q.lines) == 0 {
		m.empty += by
		if q.complete {
			m.silent += by
		}
	}
	if len(q.lines) >= maxQueued || q.bytes >= maxQueuedBytes/2 {
		m.full += by
	}
}

// put adds a line, and waits while the queue is full. It reports whether the line was added.
func (q *queue) put(l Line) bool {
	m := q.m
	m.mu.Lock()
	defer m.mu.Unlock()
	for !m.closed && len(q.lines) > 0 && (len(q.lines) >= maxQueued || q.bytes+len(l.Text) > maxQueuedBytes) {
		m.room.Wait()
	}
	if m.closed {
		return false
	}
	if l.Time.After(q.latest) {
		q.latest = l.Time
	}
	m.count(q, -1)
	q.heard = m.now()
	q.lines = append(q.lines, queued{l, q.latest, q.heard})
	q.bytes += len(l.Text)
	m.count(q, 1)
	if q.index < 0 {
		heap.Push(&m.heads, q)
	}
	m.wake()
	return true
}

// follows ends the stored lines of a container.
func (q *queue) follows() {
	q.m.mu.Lock()
	defer q.m.mu.Unlock()
	q.m.count(q, -1)
	q.complete = false
	q.m.count(q, 1)
	q.m.wake()
}

// end removes a container when its lines have been taken.
func (q *queue) end() {
	q.m.mu.Lock()
	defer q.m.mu.Unlock()
	q.m.count(q, -1)
	q.complete = false
	delete(q.m.queues, q)
	q.m.wake()
}

func (m *merger) wake() {
	select {
	case m.more <- struct{}{}:
	default:
	}
}

// close releases all containers that wait.
func (m *merger) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	m.room.Broadcast()
}

// take returns the next line, or how long to wait for one; 0 if until something changes. ended
// is set if there is no container anymore.
func (m *merger) take() (l Line, ok bool, wait time.Duration, ended bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.heads) == 0 {
		return Line{}, false, 0, len(m.queues) == 0 && !m.endless
	}
	now := m.now()
	q := m.heads[0]
	if wait := m.waitFor(q, now); wait > 0 {
		return Line{}, false, wait, false
	}
	m.count(q, -1)
	first := q.lines[0]
	q.lines[0] = queued{}
	q.lines = q.lines[1:]
	q.bytes -= len(first.Text)
	if len(q.lines) == 0 {
		q.lines = nil
		q.heard = now
		heap.Pop(&m.heads)
	} else {
		heap.Fix(&m.heads, 0)
	}
	m.count(q, 1)
	m.room.Broadcast()
	return first.Line, true, 0, false
}

// waitFor is how long the first line has to wait for others.
func (m *merger) waitFor(first *queue, now time.Time) time.Duration {
	longest := time.Duration(0)
	if m.silent > 0 {
		for q := range m.queues {
			if q.complete && len(q.lines) == 0 {
				longest = max(longest, patience-now.Sub(q.heard))
			}
		}
	}
	if longest > 0 || m.full > 0 || first.complete || m.empty == 0 {
		return longest
	}
	return hold - now.Sub(first.lines[0].arrived)
}

// each passes the lines to the sink in their order until all containers have ended, the sink
// fails, or ctx ends.
func (m *merger) each(ctx context.Context, to Sink) error {
	defer m.close()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		l, ok, wait, ended := m.take()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case ok:
			if err := to.Line(l); err != nil {
				return err
			}
			continue
		case ended:
			return to.Idle()
		case wait == 0:
			wait = time.Hour
		}
		if err := to.Idle(); err != nil {
			return err
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-m.more:
		case <-timer.C:
		}
	}
}

// heads is a heap of the queues that have a line, the earliest first.
type heads []*queue

func (h heads) Len() int { return len(h) }

func (h heads) Less(i, j int) bool {
	a, b := h[i].lines[0], h[j].lines[0]
	if a.order.Equal(b.order) {
		return a.source().less(b.source())
	}
	return a.order.Before(b.order)
}

func (h heads) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

// Push implements heap.Interface.
func (h *heads) Push(x any) {
	q := x.(*queue)
	q.index = len(*h)
	*h = append(*h, q)
}

// Pop implements heap.Interface.
func (h *heads) Pop() any {
	old := *h
	q := old[len(old)-1]
	*h = old[:len(old)-1]
	q.index = -1
	return q
}
