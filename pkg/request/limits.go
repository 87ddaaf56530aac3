package request

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

// The limits of one answer, after decompression.
const (
	// MaxList bounds a page of a list. 500 objects of 128 KiB each fit; an object of a
	// real cluster has 4 KiB on average.
	MaxList = 64 << 20
	// MaxObject bounds a single object. etcd stores none above 1.5 MiB by default,
	// and JSON may be twice as long as what it stores.
	MaxObject = 4 << 20
	// MaxDiscovery bounds a document of discovery. That of a cluster with 2,000 custom
	// resources has about 2 MiB.
	MaxDiscovery = 8 << 20
	// maxHeaders bounds the headers of an answer. net/http's own limit is 10 MiB, for
	// each of the requests that are under way at the same time.
	maxHeaders = 1 << 20
	// share is how much of an answer is read without having to wait for others: of
	// those that are larger, one is read and decoded at a time, so that answers do not
	// add up in memory.
	share = 8 << 20
	// maxRetryAfter is the longest wait before a request is repeated that the API
	// server may ask for.
	maxRetryAfter = 5 * time.Second
)

// large is held by the one answer that may be larger than share.
var large = make(chan struct{}, 1)

// reservation is what one request may read.
type reservation struct {
	limit      int64
	retryAfter time.Duration // longer than maxRetryAfter, where the server asked for it

	mu    sync.Mutex
	holds bool
}

type reservationKey struct{}

// reservationOf is that of the request, or one that ends with the body of the answer.
func reservationOf(ctx context.Context) (r *reservation, own bool) {
	if r, ok := ctx.Value(reservationKey{}).(*reservation); ok {
		return r, false
	}
	return &reservation{limit: MaxObject}, true
}

// grow waits until the answer may be larger than share.
func (r *reservation) grow(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.holds {
		return nil
	}
	select {
	case large <- struct{}{}:
		r.holds = true
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *reservation) release() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.holds {
		<-large
		r.holds = false
	}
}

// body is that of an answer, and fails as soon as it is larger than it may be.
type body struct {
	io.ReadCloser
	ctx  context.Context
	of   *reservation
	own  bool // the reservation ends with the body
	host string
	read int64
	err  error
}

// Read counts what is read.
func (b *body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if b.read >= share {
		if err := b.of.grow(b.ctx); err != nil {
			b.err = err
			return 0, err
		}
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.of.limit-b.read+1)])
	b.read += int64(n)
	if b.read > b.of.limit {
		b.err = Malformed("the answer is larger than %s, and was not read further; check that %s is the cluster's API server", size(b.of.limit), b.host)
		return 0, b.err
	}
	return n, err
}

// Close ends the answer.
func (b *body) Close() error {
	if b.own {
		b.of.release()
	}
	return b.ReadCloser.Close()
}

// size is a number of bytes for people.
func size(bytes int64) string { return fmt.Sprintf("%d MiB", bytes>>20) }

// headersTooLarge tells net/http's error of an answer whose headers do not end; it
// has no type.
func headersTooLarge(err error) bool {
	text := err.Error()
	return strings.Contains(text, "response headers exceeded") || strings.Contains(text, "response header list larger")
}

// Slow tells whether a request ran out of time.
func Slow(err error) bool {
	var timeout net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}
