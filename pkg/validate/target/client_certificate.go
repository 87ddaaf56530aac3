package target

import (
	"context"
	"crypto/tls"
	"errors"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/issuance"
)

// clientCertificate is issued when it is first needed, and kept. An error is kept only
// if issuing again would fail in the same way: after a time-out, for example, the next
// caller retries.
type clientCertificate struct {
	issue func(context.Context) (*tls.Certificate, error)
	// turn is held by the caller that issues. Others wait no longer than their contexts allow.
	turn        chan struct{}
	certificate *tls.Certificate
	err         error
}

func newClientCertificate(issue func(context.Context) (*tls.Certificate, error)) *clientCertificate {
	return &clientCertificate{issue: issue, turn: make(chan struct{}, 1)}
}

// minLifetime is how long a certificate must still be valid to be used again: sending
// many files can take longer than its lifetime.
const minLifetime = time.Minute

// get returns the certificate, and issues it at the first call.
func (c *clientCertificate) get(ctx context.Context) (*tls.Certificate, error) {
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if c.err != nil || c.certificate != nil && time.Until(c.certificate.Leaf.NotAfter) > minLifetime {
		return c.certificate, c.err
	}
	certificate, err := c.issue(ctx)
	if err != nil {
		if isPermanent(err) {
			c.err = err
		}
		return nil, err
	}
	c.certificate = certificate
	return certificate, nil
}

// isPermanent reports whether issuing the certificate would fail again in the same way.
func isPermanent(err error) bool {
	var denied *issuance.DeniedError
	var failed *issuance.FailedError
	return errors.As(err, &denied) || errors.As(err, &failed) || errors.Is(err, issuance.ErrNotServed) || apierrors.IsForbidden(err)
}
