package collect

import (
	"net/http"
	"sync"
	"time"
)

// serverClock reads the time from the API server's answers. Ages are computed from timestamps
// that the cluster wrote; a laptop with a wrong clock must not make a healthy controller look
// as if it were down.
type serverClock struct {
	mu   sync.Mutex
	last time.Time
	// set is a time that the server sent, and received when, by this machine's clock: what
	// running continues from.
	set, received time.Time
}

func (c *serverClock) observe(rt http.RoundTripper) http.RoundTripper {
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		resp, err := rt.RoundTrip(req)
		if err != nil {
			return resp, err
		}
		if at, perr := http.ParseTime(resp.Header.Get("Date")); perr == nil {
			c.mu.Lock()
			defer c.mu.Unlock()
			if at.After(c.last) {
				c.last = at
			}
			// The header has no fractions of a second: a time that is only a little earlier
			// than what is known is no correction.
			if now := c.continued(); at.After(now) || now.Sub(at) > maxSkew {
				c.set, c.received = at, time.Now()
			}
		}
		return resp, nil
	})
}

// now is the newest time that the server sent, or this machine's if it sent none (RFC 9110,
// section 6.6.1: a server without a clock sends no Date).
func (c *serverClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last.IsZero() {
		return time.Now().UTC().Truncate(time.Second)
	}
	return c.last
}

// maxSkew is how late an answer may be that has not set back the clock.
const maxSkew = 10 * time.Second

// running is the server's time now: one that it sent, and what has passed since then.
func (c *serverClock) running() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.set.IsZero() {
		return time.Now().UTC()
	}
	return c.continued()
}

func (c *serverClock) continued() time.Time {
	if c.set.IsZero() {
		return c.set
	}
	return c.set.Add(time.Since(c.received)).UTC()
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }
