package request

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// The limits of one answer, after decompression.
const (
	// MaxList bounds a page of a list. 500 objects of 128 KiB each fit; those of a real
	// cluster have 4 to 30 KiB on average.
	MaxList = 64 << 20
	// MaxObject bounds a single object. etcd stores no object above 1.5 MiB by default, and
	// JSON may be twice as long as what it stores.
	MaxObject = 4 << 20
	// MaxDiscovery bounds a document of discovery. That of a cluster with 2,000 custom
	// resources has about 2 MiB.
	MaxDiscovery = 8 << 20
	// maxRefusal bounds an answer that is an error.
	maxRefusal = 1 << 20
	// maxHeaders bounds the headers of an answer, which are copied several times. net/http's
	// own limit is 10 MiB.
	maxHeaders = 256 << 10
	// maxRetryAfter is the longest wait before a retry that the API server may request.
	maxRetryAfter = 5 * time.Second
)

func tooLarge(limit int64) error {
	err := AnswerError{text: oneLine(fmt.Sprintf("the answer is larger than the limit of %d MiB and was not read further; check that this is the cluster's API server, with no proxy in front of it", limit>>20), maxText)}
	err.large = true
	return err
}

// IsTooLarge reports whether the error is that of an answer that exceeds its limit.
func IsTooLarge(err error) bool {
	var answer AnswerError
	return errors.As(err, &answer) && answer.large
}

// refusal is the body of an answer that is an error, which client-go reads as a whole.
type refusal struct {
	io.ReadCloser
	left   int64
	closes bool // see guard
}

// Close does not read the rest of a body, which may have no end.
func (r *refusal) Close() error {
	if r.left < 0 && !r.closes {
		return nil
	}
	return r.ReadCloser.Close()
}

// Read fails as soon as the body exceeds the limit.
func (r *refusal) Read(p []byte) (int, error) {
	if r.left < 0 {
		return 0, tooLarge(maxRefusal)
	}
	n, err := r.ReadCloser.Read(p[:min(int64(len(p)), r.left+1)])
	r.left -= int64(n)
	if r.left < 0 {
		return 0, tooLarge(maxRefusal)
	}
	return n, err
}

// headersTooLarge is net/http's error of an answer whose headers do not end; it has no
// type.
func headersTooLarge(err error) bool {
	text := err.Error()
	return strings.Contains(text, "response headers exceeded") || strings.Contains(text, "response header list larger")
}

// TimedOut reports whether a request timed out.
func TimedOut(err error) bool {
	var timeout net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}
