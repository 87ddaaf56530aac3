package certs

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"
)

// OutlivesError is the error of a certificate that would be valid for longer than a CA above it, so it would
// fail before its own expiry.
type OutlivesError struct {
	// CA is the subject of the CA, as FormatSubject writes it.
	CA string
	// Until is when the CA expires; Asked is when the certificate would.
	Until, Requested time.Time
}

// Error has both times, in UTC.
func (e *OutlivesError) Error() string {
	return fmt.Sprintf("the certificate would be valid until %s, but its CA %s only until %s; request a shorter duration, or renew the CA first",
		e.Requested.UTC().Format(time.RFC3339), e.CA, e.Until.UTC().Format(time.RFC3339))
}

// climb finds the CAs above a certificate, each signed by the next, up to a root or the last
// one in the pool.
func climb(cert *x509.Certificate, pool []*x509.Certificate) []*x509.Certificate {
	path := []*x509.Certificate{cert}
	for !isRoot(cert) {
		i := slices.IndexFunc(pool, func(ca *x509.Certificate) bool {
			return !slices.ContainsFunc(path, ca.Equal) && issuedBy(cert, ca)
		})
		if i < 0 {
			break
		}
		cert = pool[i]
		path = append(path, cert)
	}
	return path[1:]
}

func issuedBy(cert, ca *x509.Certificate) bool {
	return bytes.Equal(cert.RawIssuer, ca.RawSubject) && cert.CheckSignatureFrom(ca) == nil
}

// isRoot reports whether a certificate is self-signed. The self-signature of a root proves
// nothing: that of an old one may use SHA-1.
func isRoot(cert *x509.Certificate) bool {
	if !bytes.Equal(cert.RawIssuer, cert.RawSubject) {
		return false
	}
	err := cert.CheckSignatureFrom(cert)
	var old x509.InsecureAlgorithmError
	return err == nil || errors.As(err, &old)
}

// withoutRoot removes the self-signed root from a chain: the verifier must already have it
// (RFC 8446 section 4.4.2).
func withoutRoot(chain []*x509.Certificate) []*x509.Certificate {
	return slices.DeleteFunc(slices.Clone(chain), isRoot)
}

// checkAbove checks that the CAs above a certificate are valid now and for as long as the
// certificate.
func checkAbove(notAfter time.Time, cas []*x509.Certificate, now time.Time) error {
	for _, ca := range cas {
		name := called(ca.RawSubject)
		switch {
		case now.Before(ca.NotBefore):
			return fmt.Errorf("the CA %s is valid only from %s; check the clock, or wait", name, ca.NotBefore.UTC().Format(time.RFC3339))
		case now.After(ca.NotAfter):
			return fmt.Errorf("the CA %s expired at %s; renew it first", name, ca.NotAfter.UTC().Format(time.RFC3339))
		case notAfter.After(ca.NotAfter):
			return &OutlivesError{CA: name, Until: ca.NotAfter, Requested: notAfter}
		}
	}
	return nil
}

// verify checks that a client's certificate is valid for a server that trusts the last of
// the CAs: signatures, lengths of path, purposes, limits of names (RFC 5280 section 6, as
// crypto/x509 does it).
func verify(leaf *x509.Certificate, cas []*x509.Certificate, now time.Time) error {
	options := x509.VerifyOptions{
		Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(), CurrentTime: now,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	options.Roots.AddCert(cas[len(cas)-1])
	for _, ca := range cas[:len(cas)-1] {
		options.Intermediates.AddCert(ca)
	}
	_, err := leaf.Verify(options)
	return err
}
