package trust

import (
	"cmp"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"math/big"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/certs"
)

// Name is one of a certificate's subject alternative names (RFC 5280, section
// 4.2.1.6). Kind is "DNS name", "IP address", "mailbox" or "URI".
type Name struct{ Kind, Value string }

func namesOf(c *x509.Certificate) []Name {
	var names []Name
	for _, name := range c.DNSNames {
		names = append(names, Name{"DNS name", name})
	}
	for _, ip := range c.IPAddresses {
		names = append(names, Name{"IP address", ip.String()})
	}
	for _, mailbox := range c.EmailAddresses {
		names = append(names, Name{"mailbox", mailbox})
	}
	for _, uri := range c.URIs {
		names = append(names, Name{"URI", uri.String()})
	}
	return names
}

// subjectOf writes a distinguished name in DER according to RFC 4514.
func subjectOf(der []byte) string { return cmp.Or(certs.FormatRawSubject(der), "(no name)") }

// serialOf writes a serial number as OpenSSL does, in hex digits by pairs.
func serialOf(n *big.Int) string {
	digits := n.Text(16)
	if strings.HasPrefix(digits, "-") {
		return digits
	}
	if len(digits)%2 == 1 {
		digits = "0" + digits
	}
	return strings.ToUpper(digits)
}

// Fingerprint is the SHA-256 digest of the certificate, in hex by pairs, as
// browsers and OpenSSL show it.
func Fingerprint(c *x509.Certificate) string {
	digest := sha256.Sum256(c.Raw)
	return hexPairs(digest[:])
}

// hexPairs writes bytes as "0A:1B".
func hexPairs(b []byte) string {
	var out strings.Builder
	for i, value := range b {
		if i > 0 {
			out.WriteByte(':')
		}
		out.WriteString(strings.ToUpper(hex.EncodeToString([]byte{value})))
	}
	return out.String()
}
