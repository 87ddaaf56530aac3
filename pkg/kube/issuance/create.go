package issuance

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/rand"
)

// createAttempts is how many names are tried, as the API server does for names that it
// generates itself.
const createAttempts = 8

// create creates the CertificateRequest. Its name is chosen here: if the answer is lost, a
// request that may have been created can be deleted by it.
func create(ctx context.Context, client resource, o Order, progress func(string)) (*unstructured.Unstructured, error) {
	var err error
	for range createAttempts {
		name := o.Prefix + rand.String(5)
		var object map[string]any
		if object, err = runtime.DefaultUnstructuredConverter.ToUnstructured(o.object(name)); err != nil {
			return nil, fmt.Errorf("encoding the CertificateRequest: %w", err)
		}
		var sent atomic.Bool
		traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }})
		var created *unstructured.Unstructured
		created, err = client.create(traced, &unstructured.Unstructured{Object: object})
		if err == nil {
			return created, nil
		}
		if sent.Load() && !refused(err) {
			remove(ctx, client, name, "", progress)
		}
		if !apierrors.IsAlreadyExists(err) {
			break
		}
	}
	return nil, fmt.Errorf("creating a CertificateRequest in %s: %w", o.Namespace, whole(err))
}

// remove deletes the request. If its uid is known, a request of the same name from another
// client stays. After an interrupt, it ends within the second that an interrupt may take.
func remove(ctx context.Context, client resource, name string, uid types.UID, progress func(string)) {
	grace := 10 * time.Second
	if errors.Is(ctx.Err(), context.Canceled) {
		grace = 800 * time.Millisecond
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	var last error
	err := newDelay().Until(ctx, true, true, func(ctx context.Context) (bool, error) {
		err := client.delete(ctx, name, uid)
		switch {
		case err == nil, apierrors.IsNotFound(err), uid != "" && apierrors.IsConflict(err): // another's
			return true, nil
		case permanent(err):
			return false, err
		}
		last = orEarlier(ctx, err, last)
		return false, nil
	})
	if err != nil {
		if ctx.Err() != nil && last != nil {
			err = last
		}
		progress(fmt.Sprintf("CertificateRequest %s could not be deleted: %v", name, err))
	}
}

// orEarlier is the error, or the earlier one if this one is only a timeout.
func orEarlier(ctx context.Context, err, earlier error) error {
	if ctx.Err() != nil && earlier != nil {
		return earlier
	}
	return err
}

// refused reports whether the API server has answered that it did not do what was
// requested.
func refused(err error) bool {
	code := statusCode(err)
	return code >= 400 && code < 500
}

// permanent reports whether a request that has failed will fail again. An answer that can't
// be read may be one of a proxy on the way.
func permanent(err error) bool {
	switch statusCode(err) {
	case http.StatusUnauthorized, // credentials are renewed after it: client-go's exec plugins
		http.StatusRequestTimeout, http.StatusConflict, http.StatusTooManyRequests:
		return false
	}
	return refused(err)
}

// statusCode is that of the API server's answer, 0 if there was none.
func statusCode(err error) int32 {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return 0
	}
	return status.Status().Code
}
