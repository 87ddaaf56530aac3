package lint

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
)

// spareHeap is how much garbage is kept before it is collected, in bytes. By default, Go collects it
// when there is as much as data in use, which takes a quarter of the time of a large repository:
// almost everything that is built stays in use.
const spareHeap = 128 << 20

// collectLess makes Go collect garbage less often, until it is stopped. A repository with more data
// than spareHeap is collected as by default, so that its memory only doubles.
func collectLess() (stop func()) {
	before := debug.SetGCPercent(percentFor(0))
	var stopped atomic.Bool
	afterCollection(func() bool {
		if stopped.Load() {
			return false
		}
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		metrics.Read(live)
		debug.SetGCPercent(percentFor(live[0].Value.Uint64()))
		return true
	})
	return func() {
		stopped.Store(true)
		debug.SetGCPercent(before)
	}
}

// percentFor is the percentage of garbage at which the next collection begins, for an amount of data
// in use.
func percentFor(live uint64) int {
	const fewest, most = 100, 1000
	if live == 0 {
		return most
	}
	return int(min(most, max(fewest, spareHeap*100/live)))
}

// afterCollection calls a function after each collection of garbage, as long as it returns true.
func afterCollection(call func() bool) {
	runtime.SetFinalizer(&struct{ _ [16]byte }{}, func(any) {
		if call() {
			afterCollection(call)
		}
	})
}
