package request

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
)

// streamWindow is how much of an answer the connection holds for a reader that is slow. The
// default of net/http, 4 MiB for each of a hundred answers, would be too much.
const streamWindow = 128 << 10

// NewStreaming creates a client for answers that have no end, such as logs and watches: Stream.
// It has a connection of its own, on which a slow reader stops the server.
func NewStreaming(config *rest.Config) (*Client, error) {
	config = rest.CopyConfig(config)
	dial := config.Dial
	if dial == nil {
		dial = (&net.Dialer{Timeout: Timeout, KeepAlive: Timeout}).DialContext
	}
	// client-go shares transports between configs that have no dialer of their own.
	config.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		return dial(ctx, network, address)
	}
	config.Wrap(func(rt http.RoundTripper) http.RoundTripper {
		bound := innermost(rt)
		if bound != nil && bound.HTTP2 == nil {
			bound.HTTP2 = &http.HTTP2Config{MaxReceiveBufferPerStream: streamWindow}
		}
		return rt
	})
	wait := config.Timeout
	client, err := newClient(config, 0)
	if err != nil {
		return nil, err
	}
	if wait > 0 {
		client.timeout = wait
	}
	return client, nil
}

// Stream sends a request whose answer may have no end, and returns its body, which the caller
// reads within its own limits and closes. prompt is set if the server answers at once even if
// there is nothing to send yet; otherwise the answer may begin at any time. Errors are those of
// Do. HTTP/2 notices within a minute that a connection is lost.
func (c *Client) Stream(ctx context.Context, request *rest.Request, prompt bool) (io.ReadCloser, error) {
	if !klog.V(4).Enabled() {
		ctx = klog.NewContext(ctx, logr.Discard())
	}
	limited, cancel := context.WithCancelCause(ctx)
	var answered atomic.Bool
	var retryAfter time.Duration
	traced := httptrace.WithClientTrace(context.WithValue(limited, retryKey{}, &retryAfter), &httptrace.ClientTrace{
		GetConn:              func(string) { answered.Store(false) },
		GotFirstResponseByte: func() { answered.Store(true) },
	})
	expired := time.AfterFunc(c.timeout, func() {
		if prompt {
			cancel(context.DeadlineExceeded)
		}
	})
	body, err := request.MaxRetries(maxRetries).Stream(traced)
	expired.Stop()
	if err != nil {
		late := context.Cause(limited)
		cancel(nil)
		if TimedOut(late) {
			return nil, fmt.Errorf("waiting for an answer: %w", late)
		}
		return nil, failure(ctx, err, answered.Load(), retryAfter)
	}
	return &stream{body, cancel}, nil
}

// stream is a body whose request ends when it is closed.
type stream struct {
	io.ReadCloser
	cancel context.CancelCauseFunc
}

// Close ends the request, without reading its rest.
func (s *stream) Close() error {
	s.cancel(nil)
	return s.ReadCloser.Close()
}
