package validate

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// user interrupts when a server is about to answer; the server then never answers.
type user struct {
	cancel    context.CancelFunc
	cancelled atomic.Pointer[time.Time]
	end       <-chan struct{} // of the test
}

// leaves cancels on its first call; the server still serves the clean-up.
func (u *user) leaves() bool {
	now := time.Now()
	first := u.cancelled.CompareAndSwap(nil, &now)
	if first {
		u.cancel()
	}
	return first
}

func (u *user) leavesWaiting() {
	if u.leaves() {
		<-u.end
	}
}

func slowWeb(path string) func(*setup, *user) {
	return func(s *setup, u *user) {
		s.archive.instead = func(_ http.ResponseWriter, r *http.Request) bool {
			if strings.HasPrefix(r.URL.Path, path) {
				u.leavesWaiting()
			}
			return false
		}
	}
}

func slowPeer(operation string) func(*setup, *user) {
	return func(s *setup, u *user) {
		s.peer.before = func(o string) {
			if o == operation {
				u.leavesWaiting()
			}
		}
	}
}
