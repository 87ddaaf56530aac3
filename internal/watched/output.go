// Package watched captures the output of a running program for tests that wait
// for parts of it.
package watched

import (
	"bytes"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Output collects the output, so that a test can wait for a part of it.
type Output struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{}
}

// New returns an empty output.
func New() *Output { return &Output{more: make(chan struct{}, 1)} }

func (h *Output) Write(b []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	select {
	case h.more <- struct{}{}:
	default:
	}
	return h.text.Write(b)
}

func (h *Output) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.String()
}

// WaitFor waits until the text was written.
func (h *Output) WaitFor(t *testing.T, text string) {
	t.Helper()
	h.WaitUntil(t, strconv.Quote(text), func(all string) bool { return strings.Contains(all, text) })
}

// WaitUntil waits until what was written is as it must be.
func (h *Output) WaitUntil(t *testing.T, what string, is func(all string) bool) {
	t.Helper()
	expired := time.After(20 * time.Second)
	for !is(h.String()) {
		select {
		case <-h.more:
		case <-expired:
			t.Fatalf("no %s in: %s", what, h.String())
		}
	}
}
