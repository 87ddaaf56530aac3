package trust

import (
	"crypto/x509"
)

// Usage is a usage of a certificate: the exact name of RFC 5280, sections 4.2.1.3 and
// 4.2.1.12, and its meaning.
type Usage struct{ Name, Text string }

var purposes = map[x509.ExtKeyUsage]Usage{
	x509.ExtKeyUsageAny:             {"anyExtendedKeyUsage", "anything"},
	x509.ExtKeyUsageServerAuth:      {"serverAuth", "authenticates a server (TLS server)"},
	x509.ExtKeyUsageClientAuth:      {"clientAuth", "authenticates a client (TLS client)"},
	x509.ExtKeyUsageCodeSigning:     {"codeSigning", "signs programs"},
	x509.ExtKeyUsageEmailProtection: {"emailProtection", "signs and encrypts mail"},
	x509.ExtKeyUsageTimeStamping:    {"timeStamping", "signs timestamps"},
	x509.ExtKeyUsageOCSPSigning:     {"OCSPSigning", "signs revocation status (OCSP)"},
}

var keyUsages = []struct {
	bit x509.KeyUsage
	Usage
}{
	{x509.KeyUsageDigitalSignature, Usage{"digitalSignature", "signs, as current TLS handshakes require"}},
	{x509.KeyUsageContentCommitment, Usage{"contentCommitment", "signs with non-repudiation"}},
	{x509.KeyUsageKeyEncipherment, Usage{"keyEncipherment", "encrypts keys, for old RSA handshakes"}},
	{x509.KeyUsageDataEncipherment, Usage{"dataEncipherment", "encrypts data"}},
	{x509.KeyUsageKeyAgreement, Usage{"keyAgreement", "agrees on keys"}},
	{x509.KeyUsageCertSign, Usage{"keyCertSign", "signs other certificates"}},
	{x509.KeyUsageCRLSign, Usage{"cRLSign", "signs certificate revocation lists"}},
	{x509.KeyUsageEncipherOnly, Usage{"encipherOnly", "agrees on keys to encrypt only"}},
	{x509.KeyUsageDecipherOnly, Usage{"decipherOnly", "agrees on keys to decrypt only"}},
}

// usagesOf lists what a certificate may be used for, purposes first.
func usagesOf(c *x509.Certificate) []Usage {
	var found []Usage
	for _, purpose := range c.ExtKeyUsage {
		usage, known := purposes[purpose]
		if !known {
			usage = Usage{purpose.OID().String(), "a purpose without a known name"}
		}
		found = append(found, usage)
	}
	for _, oid := range c.UnknownExtKeyUsage {
		found = append(found, Usage{oid.String(), "a purpose without a known name"})
	}
	for _, usage := range keyUsages {
		if c.KeyUsage&usage.bit != 0 {
			found = append(found, usage.Usage)
		}
	}
	return found
}
