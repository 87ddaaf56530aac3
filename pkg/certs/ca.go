package certs

import (
	"crypto"
	"crypto/x509"
	"fmt"

	"github.com/cert-manager/cert-manager/pkg/util/pki"
)

// CA is a certificate authority whose private key is available.
type CA struct {
	// Certificate is the certificate of the CA.
	Certificate *x509.Certificate
	// Chain are the CAs above it, each signed by the next, as far as they are
	// known: the root is last. It is empty for a root.
	Chain []*x509.Certificate
	// key is behind a pointer so that package fmt prints an address of it at
	// most.
	key *crypto.Signer
}

// ParseCA reads a CA from PEM as in a Secret of a CA issuer of cert-manager 1.21: tls.crt,
// with the CA's certificate first, tls.key and ca.crt, which may be empty. Certificates that
// are not above the CA are ignored. It refuses a certificate that may not sign others, and a
// key that isn't its own. Sign checks whether it has expired.
func ParseCA(certificate, key, ca []byte) (*CA, error) {
	pool, err := ParseCertificates(certificate)
	if err != nil {
		return nil, fmt.Errorf("the CA's certificate: %w", err)
	}
	own := pool[0]
	if err := checkMaySign(own); err != nil {
		return nil, err
	}
	if len(ca) > 0 {
		above, err := ParseCertificates(ca)
		if err != nil {
			return nil, fmt.Errorf("the certificates above the CA's: %w", err)
		}
		pool = append(pool, above...)
	}
	signer, err := DecodeKey(key)
	if err != nil {
		return nil, fmt.Errorf("the CA's key: %w", err)
	}
	if same, err := pki.PublicKeyMatchesCertificate(signer.Public(), own); err != nil || !same {
		return nil, fmt.Errorf("the private key does not belong to the CA %s; specify the CA's own key", called(own.RawSubject))
	}
	return &CA{Certificate: own, Chain: climb(own, pool), key: &signer}, nil
}

// checkMaySign returns why a certificate may not sign others (RFC 5280 sections 4.2.1.9 and
// 4.2.1.3). Without the extension keyUsage it may.
func checkMaySign(cert *x509.Certificate) error {
	if !cert.BasicConstraintsValid || !cert.IsCA {
		return fmt.Errorf("%s is not a CA: its certificate has no CA:TRUE; use a CA certificate", called(cert.RawSubject))
	}
	hasUsage := extension(cert.Extensions, pki.OIDExtensionKeyUsage) != nil
	if hasUsage && cert.KeyUsage&x509.KeyUsageCertSign == 0 {
		return fmt.Errorf("the CA %s may not sign certificates: its key usage lacks keyCertSign; use another CA", called(cert.RawSubject))
	}
	return nil
}
