package podlogs

import (
	"hash/maphash"
	"time"
)

// window knows which lines of a container were read last, so that a log that is read again
// continues where it was interrupted: after a lost connection, in the previous instance of the
// container, or in the one after it. A line is known by its time and its text.
//
// Times need not be in order: the runtime stamps standard output and standard error
// independently. So the window covers more than the last line.
type window struct {
	seed maphash.Seed
	// floor is the time before which all lines were read, or are not wanted.
	floor int64
	last  int64
	// counts is how often each line within the window was read; order has them in the order in
	// which they were read.
	counts map[line]int32
	order  []line
}

// line is a line's identity.
type line struct {
	at   int64
	hash uint64
}

// The size of the window. After an interruption, lines are requested from a few seconds before
// the last one on; slack is how much lines may be out of order.
const (
	maxWindow  = 2048
	windowTime = int64(time.Minute)
	slack      = 2 * time.Second
)

func newWindow() *window {
	return &window{seed: maphash.MakeSeed(), counts: map[line]int32{}}
}

// skipBefore marks all lines before a time as not wanted.
func (w *window) skipBefore(at time.Time) {
	if !at.IsZero() {
		w.floor = max(w.floor, at.UnixNano())
	}
}

// since is from when on the log has to be requested again, zero for its beginning. The API
// server's times have whole seconds.
func (w *window) since() time.Time {
	if w.last == 0 {
		if w.floor == 0 {
			return time.Time{}
		}
		return time.Unix(0, w.floor).Truncate(time.Second)
	}
	at := time.Unix(0, w.last).Add(-slack)
	if floor := time.Unix(0, w.floor); at.Before(floor) {
		at = floor
	}
	return at.Truncate(time.Second)
}

// pass is one reading of a container's log, from any point on.
type pass struct {
	w *window
	// pending are the lines that were read before and have not come again yet.
	pending map[line]int32
	// overlap is the time after which no line can have been read before.
	overlap int64
	// last is the time of the last line.
	last time.Time
}

func (w *window) newPass() *pass {
	p := &pass{w: w, overlap: w.last + int64(slack)}
	if len(w.counts) > 0 {
		p.pending = make(map[line]int32, len(w.counts))
		for l, n := range w.counts {
			p.pending[l] = n
		}
	}
	return p
}

// fresh reports whether a line has not been read before, and remembers it.
func (p *pass) fresh(at int64, text []byte) bool {
	w := p.w
	if at < w.floor {
		return false
	}
	l := line{at, maphash.Bytes(w.seed, text)}
	if p.pending != nil && at > p.overlap {
		p.pending = nil
	}
	if n := p.pending[l]; n > 0 {
		p.pending[l] = n - 1
		return false
	}
	w.add(l)
	return true
}

// add remembers a line, and forgets the oldest.
func (w *window) add(l line) {
	w.last = max(w.last, l.at)
	w.counts[l]++
	w.order = append(w.order, l)
	old := 0
	for old < len(w.order) && (len(w.order)-old > maxWindow || w.order[old].at < w.last-windowTime) {
		gone := w.order[old]
		if w.counts[gone]--; w.counts[gone] <= 0 {
			delete(w.counts, gone)
		}
		w.floor = max(w.floor, gone.at+1)
		old++
	}
	if old > 0 {
		w.order = append(w.order[:0], w.order[old:]...)
	}
}
