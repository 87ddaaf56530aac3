package issuance

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	cmapi "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	apiwait "k8s.io/apimachinery/pkg/util/wait"
)

// newDelay is how long to wait before a request is repeated. cert-manager's own CA signs in
// less than a second; others, and manual approval, take longer.
func newDelay() apiwait.DelayFunc {
	return apiwait.Backoff{Duration: 100 * time.Millisecond, Factor: 1.5, Steps: math.MaxInt32, Cap: 2 * time.Second}.DelayFunc()
}

// wait polls the request until it has a result. Polling needs the permission to get one
// request; a watch would need more. A temporary error does not end it: it is reported only if
// time runs out.
func wait(ctx context.Context, created *unstructured.Unstructured, progress func(string), get func(context.Context) (*unstructured.Unstructured, error)) (Signed, error) {
	signed, waiting, err := read(created)
	if err != nil || waiting == nil {
		return signed, err
	}
	reported := ""
	err = newDelay().Until(ctx, false, true, func(ctx context.Context) (bool, error) {
		object, err := get(ctx)
		if err != nil {
			if permanent(err) {
				return false, fmt.Errorf("getting CertificateRequest %s: %w", waiting.Name, whole(err))
			}
			waiting.Err = orEarlier(ctx, err, waiting.Err)
			return false, nil
		}
		if object.GetUID() != created.GetUID() {
			return false, &FailedError{waiting.Name, "Replaced", "it was deleted, and another of the same name was created"}
		}
		var now *WaitingError
		signed, now, err = read(object)
		var unreadable *unreadableError
		if errors.As(err, &unreadable) {
			waiting.Err = err
			return false, nil
		}
		if err != nil || now == nil {
			return true, err
		}
		waiting = now
		if text := waiting.Text(); text != reported {
			reported = text
			progress(text)
		}
		return false, nil
	})
	switch {
	case err == nil:
		return signed, nil
	case ctx.Err() == nil || !errors.Is(err, ctx.Err()):
		return Signed{}, err
	case errors.Is(err, context.DeadlineExceeded):
		return Signed{}, waiting
	}
	return Signed{}, ctx.Err()
}

// unreadableError is an answer that is not a CertificateRequest.
type unreadableError struct {
	name string
	err  error
}

func (e *unreadableError) Error() string {
	return fmt.Sprintf("reading CertificateRequest %s: %v", e.name, e.err)
}

func (e *unreadableError) Unwrap() error { return e.err }

// read judges a request as the API server returned it.
func read(object *unstructured.Unstructured) (Signed, *WaitingError, error) {
	var request cmapi.CertificateRequest
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &request); err != nil {
		return Signed{}, nil, &unreadableError{object.GetName(), err}
	}
	return judge(&request)
}
