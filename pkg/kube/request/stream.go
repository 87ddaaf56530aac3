package request

import (
	"context"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
)

// streamWindow is how much of an answer the connection holds for a reader that is slow. The
// default of net/http, 4 MiB for each of a hundred answers, would be too much.
const streamWindow = 128 << 10

// NewStreaming creates a client for many answers at the same time that are read slowly, such as
// logs. It has a connection of its own, on which a slow reader stops the server.
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
	return New(config)
}

// GetStream is a GET request for Stream and Open.
func (c *Client) GetStream() *rest.Request { return c.streams.Get() }

// Stream sends a request of GetStream and passes the body of the answer to use while it
// arrives. The client's time limit applies until the answer begins. use must limit what it reads
// at once; the stream ends when it returns.
//
// The errors are those of Do. An answer that breaks off is one, too; one that ends is not.
func (c *Client) Stream(ctx context.Context, request *rest.Request, use func(body io.Reader) error) error {
	stream, err := c.open(ctx, request.MaxRetries(0), true)
	if err != nil {
		return err
	}
	defer func() { _ = stream.Close() }()
	return interrupted(ctx, use(body{stream}))
}

// Open sends a request of GetStream, and returns the body of the answer, which the caller reads
// within its own limits and closes. prompt is set if the server answers at once even if there is
// nothing to send yet; otherwise the answer may begin at any time. Errors are those of Do.
// HTTP/2 notices within a minute that a connection is lost.
func (c *Client) Open(ctx context.Context, request *rest.Request, prompt bool) (io.ReadCloser, error) {
	return c.open(ctx, request.MaxRetries(maxRetries), prompt)
}

func (c *Client) open(ctx context.Context, request *rest.Request, prompt bool) (io.ReadCloser, error) {
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
	body, err := request.Stream(traced)
	expired.Stop()
	if err == nil && limited.Err() == nil {
		return &stream{body, cancel}, nil
	}
	if err == nil { // the time expired as the answer began
		_ = body.Close()
	}
	late := ctx.Err() == nil && TimedOut(context.Cause(limited))
	cancel(nil)
	switch {
	case late:
		return nil, fmt.Errorf("waiting for an answer: %w", context.DeadlineExceeded)
	case err == nil:
		return nil, ctx.Err()
	}
	return nil, failure(ctx, err, answered.Load(), retryAfter)
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

// body is the body of a stream.
type body struct{ io.Reader }

// Read marks the errors of the connection.
func (b body) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = brokenError{err}
	}
	return n, err
}

// brokenError is the error of a connection that broke off.
type brokenError struct{ error }

func (e brokenError) Unwrap() error { return e.error }

// interrupted is the error of a stream that began.
func interrupted(ctx context.Context, err error) error {
	var broken brokenError
	var answer AnswerError
	switch {
	case !errors.As(err, &broken), errors.As(err, &answer):
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	}
	if strings.Contains(err.Error(), "server sent GOAWAY") { // of HTTP/2, when a server stops
		return passing("the API server closed the connection")
	}
	return passing("the answer broke off: %v", rootOf(err))
}

// Values reads a stream of JSON values, each of no more than limit bytes, and passes each to
// use, which must not keep it.
func Values(stream io.Reader, limit int64, use func(value []byte) error) error {
	limited := &io.LimitedReader{R: stream}
	decoder := stdjson.NewDecoder(limited)
	for {
		limited.N = limit
		var value stdjson.RawMessage
		err := decoder.Decode(&value)
		var broken brokenError
		switch {
		case int64(len(value)) > limit:
			return tooLarge(limit)
		case err == nil && !utf8.Valid(value):
			return Malformed("the answer is not UTF-8, as JSON is")
		case err == nil:
			if err := use(value); err != nil {
				return err
			}
		case errors.As(err, &broken):
			return err
		case limited.N <= 0:
			return tooLarge(limit)
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, io.ErrUnexpectedEOF):
			return passing("the answer ends within a value")
		default:
			return Malformed("the answer is not JSON: %v", err)
		}
	}
}
