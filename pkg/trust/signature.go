package trust

import (
	"bytes"
	"crypto/x509"
)

// signedBy tells whether the authority's key made the certificate's signature,
// whatever their names and dates are. Names prove nothing: every Korthweb
// tenant's CA is called int-ca.
func signedBy(c, authority *x509.Certificate) bool {
	return authority.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil
}

func selfSigned(c *x509.Certificate) bool {
	return bytes.Equal(c.RawSubject, c.RawIssuer) && signedBy(c, c)
}

// weakDigest tells whether the certificate is signed with a digest in which
// collisions can be made (RFC 9325, section 4.6: SHA-256 or better).
func weakDigest(c *x509.Certificate) bool {
	switch c.SignatureAlgorithm {
	case x509.MD2WithRSA, x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1:
		return true
	}
	return false
}
