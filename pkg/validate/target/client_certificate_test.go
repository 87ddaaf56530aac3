package target

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/issuance"
)

// endsIn is a certificate that expires after the given time.
func endsIn(d time.Duration) *tls.Certificate {
	return &tls.Certificate{Leaf: &x509.Certificate{NotAfter: time.Now().Add(d)}}
}

// TestClientCertificate checks that issuing is retried after a transient error, and not after
// others.
func TestClientCertificate(t *testing.T) {
	first := endsIn(time.Hour)
	for _, c := range []struct {
		about  string
		err    error
		again  bool
		ending *tls.Certificate // instead of the error
	}{
		{about: "the time was up", err: context.DeadlineExceeded, again: true},
		{about: "cancelled", err: context.Canceled, again: true},
		{about: "not signed in time", err: fmt.Errorf("issuing: %w", &issuance.WaitingError{}), again: true},
		{about: "the API server was unavailable", err: apierrors.NewServiceUnavailable("later"), again: true},
		{about: "forbidden", err: fmt.Errorf("creating: %w", apierrors.NewForbidden(schema.GroupResource{}, "r", nil))},
		{about: "not served", err: issuance.ErrNotServed},
		{about: "denied", err: fmt.Errorf("issuing: %w", &issuance.DeniedError{})},
		{about: "failed", err: &issuance.FailedError{}},
		{about: "issued", ending: first},
		{about: "about to end", ending: endsIn(30 * time.Second), again: true},
	} {
		issued := 0
		get := newClientCertificate(func(context.Context) (*tls.Certificate, error) {
			issued++
			if issued == 1 {
				return c.ending, c.err
			}
			return first, nil
		}).get
		if got, err := get(t.Context()); !errors.Is(err, c.err) || got != c.ending {
			t.Errorf("%s: at first %v, %v", c.about, got, err)
		}
		got, err := get(t.Context())
		if c.again && (got != first || err != nil || issued != 2) {
			t.Errorf("%s: then %v, %v after %d times", c.about, got, err, issued)
		}
		if !c.again && (got != c.ending || !errors.Is(err, c.err) || issued != 1) {
			t.Errorf("%s: then %v, %v after %d times", c.about, got, err, issued)
		}
	}
}

// TestClientCertificateAtOnce checks that the certificate is issued once for all concurrent
// callers, and that a caller whose time is up does not wait for it.
func TestClientCertificateAtOnce(t *testing.T) {
	began, proceed := make(chan struct{}), make(chan struct{})
	issued := 0
	get := newClientCertificate(func(context.Context) (*tls.Certificate, error) {
		issued++
		close(began)
		<-proceed
		return endsIn(time.Hour), nil
	}).get
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if got, err := get(t.Context()); got == nil || err != nil {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
	<-began
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := get(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	close(proceed)
	all.Wait()
	if issued != 1 {
		t.Errorf("issued %d times", issued)
	}
}
