package collect

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
)

// do sends a request and gives the body of the answer. An error of the API server is
// the Status that it sent; an answer that came from something else, or broke off, is
// an answerError.
func do(ctx context.Context, request *rest.Request) ([]byte, error) {
	if !klog.V(4).Enabled() {
		// client-go logs an answer that breaks off as an error of its own.
		ctx = klog.NewContext(ctx, logr.Discard())
	}
	var answered atomic.Bool
	result := request.Do(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn:              func(string) { answered.Store(false) }, // of a retry, too
		GotFirstResponseByte: func() { answered.Store(true) },
	}))
	// Raw's error knows only the HTTP status, Error's what the server said of it.
	body, _ := result.Raw()
	err := result.Error()
	var status *apierrors.StatusError
	switch {
	case err == nil:
		return body, nil
	case errors.As(err, &status):
		return nil, refusalOf(status)
	case ctx.Err() == nil && answered.Load() && !slow(err):
		return nil, malformed("the answer is incomplete: %v", rootOf(err))
	}
	return nil, err
}

// refusalOf tells an API server's refusal from that of a proxy before it, which
// says nothing of the user's rights or of what is served. What is not served, the API
// server itself says in plain text.
func refusalOf(err *apierrors.StatusError) error {
	if !apierrors.IsUnexpectedServerError(err) || apierrors.IsUnauthorized(err) {
		return err
	}
	text, code := textOf(err), err.ErrStatus.Code
	switch {
	case isHTML([]byte(text)):
		return malformed("HTTP status %d: %s", code, htmlPage)
	case code == http.StatusNotFound:
		return err
	case text == "":
		text = "the answer is not a Status of the API server"
	}
	return malformed("HTTP status %d: %s", code, text)
}

// textOf is the first line of an answer that is no Status, where it is text.
func textOf(err *apierrors.StatusError) string {
	if err.ErrStatus.Details == nil {
		return ""
	}
	for _, cause := range err.ErrStatus.Details.Causes {
		// client-go has "unknown" for what is not text.
		if cause.Type == metav1.CauseTypeUnexpectedServerResponse && cause.Message != "unknown" {
			line, _, _ := strings.Cut(strings.TrimSpace(cause.Message), "\n")
			return line
		}
	}
	return ""
}

// rootOf is the innermost error: what wraps it repeats the request, or gives advice.
func rootOf(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}
