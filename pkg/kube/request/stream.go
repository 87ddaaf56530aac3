package request

import (
	"context"
	stdjson "encoding/json"
	"errors"
	"io"
	"net/http/httptrace"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
)

// GetStream is a GET request for Stream.
func (c *Client) GetStream() *rest.Request { return c.streams.Get() }

// Stream sends a request of GetStream and passes the body of the answer to use while it
// arrives: a watch, or a log that is followed. The client's time limit applies until the
// answer begins. use must limit what it reads at once; the stream ends when it returns.
//
// The errors are those of Do. An answer that breaks off is one, too; one that ends is not.
func (c *Client) Stream(ctx context.Context, request *rest.Request, use func(body io.Reader) error) error {
	if !klog.V(4).Enabled() {
		ctx = klog.NewContext(ctx, logr.Discard())
	}
	begun, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	limit := time.AfterFunc(c.timeout, func() { cancel(context.DeadlineExceeded) })
	defer limit.Stop()
	var answered atomic.Bool
	var retryAfter time.Duration
	traced := httptrace.WithClientTrace(context.WithValue(begun, retryKey{}, &retryAfter), &httptrace.ClientTrace{
		GetConn:              func(string) { answered.Store(false) },
		GotFirstResponseByte: func() { answered.Store(true) },
	})
	stream, err := request.MaxRetries(0).Stream(traced)
	if err == nil {
		defer func() { _ = stream.Close() }()
		if limit.Stop() {
			return interrupted(ctx, use(body{stream}))
		}
	}
	if ctx.Err() == nil && begun.Err() != nil {
		return context.DeadlineExceeded
	}
	return failure(ctx, err, answered.Load(), retryAfter)
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
