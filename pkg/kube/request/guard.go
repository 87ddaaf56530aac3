package request

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/rest"
)

// Config is the connection to an API server, for packages that send no requests.
type Config = rest.Config

// Guard returns a config whose clients follow no redirect, and limit errors and headers. It
// wraps the innermost transport: the transport that adds the user's credentials is outside
// of it, and never gets a second request.
func Guard(config *rest.Config) *rest.Config {
	config = rest.CopyConfig(config)
	config.Wrap(func(rt http.RoundTripper) http.RoundTripper {
		if rt == http.DefaultTransport {
			rt = ownTransport()
		}
		return guard{rt, boundHeaders(rt)}
	})
	return config
}

// ownTransport is a copy of net/http's default transport, which client-go uses without TLS, and which
// others may be using.
var ownTransport = sync.OnceValue(func() http.RoundTripper {
	if t, ok := http.DefaultTransport.(*http.Transport); ok {
		return t.Clone()
	}
	return http.DefaultTransport // a program has replaced it
})

// headersBound serializes changes of a transport that clients share.
var headersBound sync.Mutex

// boundHeaders bounds the headers that the transport reads, and reports whether it is one
// of net/http's.
func boundHeaders(rt http.RoundTripper) bool {
	headersBound.Lock()
	defer headersBound.Unlock()
	t := innermost(rt)
	if t == nil {
		return false // one that upgrades connections
	}
	if t.MaxResponseHeaderBytes == 0 && t != http.DefaultTransport { // otherwise it may be in use
		t.MaxResponseHeaderBytes = maxHeaders
	}
	return true
}

// innermost is net/http's transport within others, nil if there is none.
func innermost(rt http.RoundTripper) *http.Transport {
	for {
		switch t := rt.(type) {
		case *http.Transport:
			return t
		case utilnet.RoundTripperWrapper:
			rt = t.WrappedRoundTripper()
		default:
			return nil
		}
	}
}

// guard is the transport that Guard adds around another.
type guard struct {
	next http.RoundTripper
	// closes is set if closing a body must close the connection instead of reading the body
	// to its end.
	closes bool
}

// WrappedRoundTripper returns the transport (k8s.io/apimachinery/pkg/util/net).
func (g guard) WrappedRoundTripper() http.RoundTripper { return g.next }

// RoundTrip rejects redirects, and bounds the body of an error. Client's Do bounds all
// other bodies.
func (g guard) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := g.next.RoundTrip(req)
	if err != nil || resp.StatusCode == http.StatusSwitchingProtocols {
		return resp, err
	}
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		if g.closes {
			_ = resp.Body.Close()
		}
		return nil, redirected(resp)
	}
	if resp.StatusCode >= 400 {
		boundRetry(req.Context(), resp)
		resp.Body = &refusal{resp.Body, maxRefusal, g.closes}
	}
	return resp, nil
}

// redirected is the error of a redirect: it names only the host of the target, because the
// rest may contain secrets.
func redirected(resp *http.Response) error {
	at, err := resp.Location()
	if err != nil || at.Host == "" {
		return Malformed("the answer is a redirect (HTTP status %d) without an address; check that this is the API server", resp.StatusCode)
	}
	return Malformed("the answer is a redirect to %s://%s (HTTP status %d), which is not followed: an API server sends no redirects; check the address of the server in the kubeconfig, and whether a proxy requires a login",
		at.Scheme, at.Host, resp.StatusCode)
}

// retryKey is the key of a *time.Duration in a request's context: the wait that the API
// server requests, if it is longer than the limit.
type retryKey struct{}

// boundRetry removes a Retry-After that client-go would silently wait for.
func boundRetry(ctx context.Context, resp *http.Response) {
	seconds, err := strconv.ParseInt(resp.Header.Get("Retry-After"), 10, 64)
	if err != nil || seconds <= int64(maxRetryAfter/time.Second) {
		return
	}
	resp.Header.Del("Retry-After")
	const year = 365 * 24 * time.Hour
	if after, ok := ctx.Value(retryKey{}).(*time.Duration); ok {
		*after = time.Duration(min(seconds, int64(year/time.Second))) * time.Second
	}
}
