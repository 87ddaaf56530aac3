// Package request sends the program's requests to an API server, and does not trust the
// answers: they may come from a proxy, a login page or an attacker. Answers are limited
// while they are read, a redirect is never followed, and an answer must be the object or
// the list that was requested.
package request

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/transport"
	"k8s.io/klog/v2"
)

// Timeout limits a request without --request-timeout, for which kubectl has no limit.
const Timeout = 30 * time.Second

// maxRetries is how often client-go repeats a request if the API server requests that; see
// maxRetryAfter.
const maxRetries = 5

// Client sends requests to one API server.
type Client struct {
	rest.Interface
	// streams sends the requests of Stream: those of rest.Interface end after the timeout.
	streams rest.Interface
	timeout time.Duration
}

// New creates a client for the API server of the config, through a Guard, with further
// wrappers. Requests are not throttled: a command sends a fixed, small number of them.
func New(config *rest.Config, around ...transport.WrapperFunc) (*Client, error) {
	config = Guard(config)
	for _, wrap := range around {
		config.Wrap(wrap)
	}
	config.QPS = -1
	config.Timeout = cmp.Or(config.Timeout, Timeout)
	if config.UserAgent == "" {
		config.UserAgent = rest.DefaultKubernetesUserAgent()
	}
	config.NegotiatedSerializer = serializer.NegotiatedSerializerWrapper(runtime.SerializerInfo{
		// Bodies are sent and read as bytes: only a Status is decoded.
		Serializer: runtime.NoopEncoder{Decoder: scheme.Codecs.UniversalDecoder()},
	})
	const doing = "reading the cluster's address and credentials: %w"
	httpClient, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, fmt.Errorf(doing, err)
	}
	endless := *httpClient // with the same connections
	endless.Timeout = 0
	client, err := rest.UnversionedRESTClientForConfigAndClient(config, httpClient)
	if err != nil {
		return nil, fmt.Errorf(doing, err)
	}
	streams, err := rest.UnversionedRESTClientForConfigAndClient(config, &endless)
	if err != nil {
		return nil, fmt.Errorf(doing, err)
	}
	return &Client{client, streams, config.Timeout}, nil
}

// Do sends a request and passes the body of the answer, of no more than limit bytes, to
// use, which must not keep it. An error of the API server is its Status; an answer that is
// from another program, incomplete or too large is an AnswerError.
func (c *Client) Do(ctx context.Context, request *rest.Request, limit int64, use func(body []byte) error) error {
	return c.DoBody(ctx, request, limit, func(body Body) error { return use(body.Bytes()) })
}

// DoBody is Do for a body that is large: it need not be one piece of memory.
func (c *Client) DoBody(ctx context.Context, request *rest.Request, limit int64, use func(Body) error) error {
	if !klog.V(4).Enabled() {
		// client-go logs an answer that breaks off as an error of its own.
		ctx = klog.NewContext(ctx, logr.Discard())
	}
	limited, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	var answered atomic.Bool
	var retryAfter time.Duration
	traced := httptrace.WithClientTrace(context.WithValue(limited, retryKey{}, &retryAfter), &httptrace.ClientTrace{
		GetConn:              func(string) { answered.Store(false) }, // of a retry, too
		GotFirstResponseByte: func() { answered.Store(true) },
	})
	reading := &reading{}
	defer reading.release()
	body, err := read(traced, request, reading, limit)
	if err == nil {
		cancel()
		logBody(ctx, body)
		return use(body)
	}
	if limited.Err() != nil {
		answered.Store(false) // a timeout, regardless of the answer
	}
	return failure(ctx, err, answered.Load(), retryAfter)
}

// read sends the request, and reads the answer.
func read(ctx context.Context, request *rest.Request, into *reading, limit int64) (Body, error) {
	stream, err := request.MaxRetries(maxRetries).Stream(ctx)
	if err != nil {
		return Body{}, err
	}
	defer func() { _ = stream.Close() }()
	return into.whole(ctx, stream, limit)
}

// failure is the error of a request that has no answer, or not the one that was
// requested.
func failure(ctx context.Context, err error, answered bool, retryAfter time.Duration) error {
	var status *apierrors.StatusError
	var answer AnswerError
	switch {
	case errors.As(err, &answer):
		return answer
	case errors.As(err, &status):
		return refusalOf(status, retryAfter)
	case ctx.Err() == nil && headersTooLarge(err):
		return Malformed("the headers of the answer are larger than the limit of %d KiB; check that this is the cluster's API server", maxHeaders>>10)
	case ctx.Err() == nil && answered && !TimedOut(err):
		return passing("the answer is incomplete: %v", rootOf(err))
	}
	return err
}

// logBody shows an answer from -v=8 on, as client-go does: more of it from 9 on.
func logBody(ctx context.Context, whole Body) {
	logger := klog.FromContext(ctx).V(8)
	if !logger.Enabled() {
		return
	}
	body, most := whole.Bytes(), 1<<10
	if klog.V(9).Enabled() {
		most = 10 << 10
	}
	if klog.V(10).Enabled() {
		most = len(body)
	}
	logger.Info("Response Body", "body", string(body[:min(len(body), most)]))
}

// refusalOf distinguishes an API server's refusal from that of a proxy in front of it, which
// does not show the user's permissions or the served kinds. For a kind that is not served,
// the API server itself answers in plain text.
func refusalOf(err *apierrors.StatusError, retryAfter time.Duration) error {
	text, code := textOf(err), err.ErrStatus.Code
	refuse := Malformed
	if code >= 500 {
		refuse = passing
	}
	switch {
	case isHTML([]byte(text)):
		return refuse("HTTP status %d: %s", code, pageOf([]byte(text)))
	case retryAfter > 0:
		return tryLater(err, retryAfter)
	case !apierrors.IsUnexpectedServerError(err), apierrors.IsUnauthorized(err), code == http.StatusNotFound:
		return shortened(err, "")
	case text == "":
		text = "the answer is not a Status of the API server"
	}
	return refuse("HTTP status %d: %s", code, firstLine(text))
}

// tryLater is the refusal of a server that requests a longer wait than the limit.
func tryLater(err *apierrors.StatusError, retryAfter time.Duration) error {
	return shortened(err, "; the API server requests a retry in "+retryAfter.String())
}

// shortened is the refusal with its message on one line, bounded, and a suffix.
func shortened(err *apierrors.StatusError, more string) error {
	status := err.Status()
	status.Message = oneLine(status.Message, maxMessage) + more
	return &apierrors.StatusError{ErrStatus: status}
}

// textOf is the text of an answer that is not a Status.
func textOf(err *apierrors.StatusError) string {
	if err.ErrStatus.Details == nil {
		return ""
	}
	for _, cause := range err.ErrStatus.Details.Causes {
		// client-go sets "unknown" if the answer is not text.
		if cause.Type == metav1.CauseTypeUnexpectedServerResponse && cause.Message != "unknown" {
			return cause.Message
		}
	}
	return ""
}

// rootOf is the innermost error: the errors around it repeat the request, or give advice.
func rootOf(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}
