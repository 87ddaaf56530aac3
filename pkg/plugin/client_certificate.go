package plugin

import (
	"context"
	"crypto/tls"
	"errors"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/digihunch/kubectl-orthweb/pkg/issuance"
)

// clientCertificate is issued when it is first needed, and kept. An error is kept
// only where issuing again would come to the same: after a time-out, say, the next
// who needs the certificate tries again.
type clientCertificate struct {
	issue func(context.Context) (*tls.Certificate, error)
	// turn is held by who issues. The others wait for no longer than they have time.
	turn        chan struct{}
	certificate *tls.Certificate
	err         error
}

func newClientCertificate(issue func(context.Context) (*tls.Certificate, error)) *clientCertificate {
	return &clientCertificate{issue: issue, turn: make(chan struct{}, 1)}
}

// minLifetime is how long a certificate that is kept has to be valid for: many
// files take longer to send than a certificate is issued for.
const minLifetime = time.Minute

// get returns the certificate, and issues it where there is none yet.
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

// isPermanent tells whether a certificate that could not be issued can't be issued
// a moment later either.
func isPermanent(err error) bool {
	var denied *issuance.DeniedError
	var failed *issuance.FailedError
	return errors.As(err, &denied) || errors.As(err, &failed) || errors.Is(err, issuance.ErrNotServed) || apierrors.IsForbidden(err)
}
