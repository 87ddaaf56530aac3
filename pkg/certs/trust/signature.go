package trust

import (
	"bytes"
	"crypto/x509"

	"github.com/digihunch/kubectl-orthweb/pkg/certs"
)

func selfSigned(c *x509.Certificate) bool {
	return bytes.Equal(c.RawSubject, c.RawIssuer) && certs.SignedBy(c, c)
}
