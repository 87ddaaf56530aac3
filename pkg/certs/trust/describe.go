package trust

import (
	"crypto/x509"
	"fmt"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/certs"
)

// Report describes certificates that were found together, in their order.
type Report struct {
	// At is the time at which dates are judged.
	At           time.Time
	Certificates []Description
	// End is where the chain of the first certificate ends.
	End End
	// Problems are problems of the order, or certificates that do not belong to the chain,
	// as sentences without a full stop.
	Problems []string
}

// Description describes one certificate.
type Description struct {
	// Subject and Issuer are as RFC 4514 writes names.
	Subject, Issuer string
	// Serial is in hex digits.
	Serial string
	Names  []Name
	Usages []Usage
	Key    Key
	// SignatureAlgorithm is the name in crypto/x509: "SHA256-RSA".
	SignatureAlgorithm string
	// Fingerprint is the SHA-256 digest, hex by pairs; so are the key ids, which
	// are empty when the certificate has none.
	Fingerprint, SubjectKeyID, AuthorityKeyID string
	NotBefore, NotAfter                       time.Time
	IsCA                                      bool
	// SignedBy is the index of the certificate whose key signed this one: its own
	// when it is self-signed, -1 when that one is not among them.
	SignedBy int
	Notes    []Note
}

// End is the last present certificate of a chain.
type End struct {
	// SelfSigned: the chain is complete.
	SelfSigned bool
	// Subject is of the last certificate, and Missing is the name of its issuer if that
	// certificate is missing.
	Subject, Missing string
}

// Describe describes certificates at a point in time. An empty chain results in an empty
// Report.
func Describe(chain []*x509.Certificate, now time.Time) Report {
	report := Report{At: now}
	for i, c := range chain {
		report.Certificates = append(report.Certificates, Description{
			Subject: subjectOf(c.RawSubject), Issuer: subjectOf(c.RawIssuer), Serial: serialOf(c.SerialNumber),
			Names: namesOf(c), Usages: usagesOf(c), Key: keyOf(c.PublicKey),
			SignatureAlgorithm: c.SignatureAlgorithm.String(), Fingerprint: Fingerprint(c),
			SubjectKeyID: hexPairs(c.SubjectKeyId), AuthorityKeyID: hexPairs(c.AuthorityKeyId),
			NotBefore: c.NotBefore, NotAfter: c.NotAfter, IsCA: isCA(c),
			SignedBy: signer(chain, i), Notes: notesOn(c, now),
		})
	}
	report.follow()
	return report
}

// signer is the index of the certificate that signed the one at an index. Of
// several with the same key, the next one after it is taken.
func signer(chain []*x509.Certificate, of int) int {
	if selfSigned(chain[of]) {
		return of
	}
	for step := 1; step < len(chain); step++ {
		i := (of + step) % len(chain)
		if certs.SignedBy(chain[of], chain[i]) {
			return i
		}
	}
	return -1
}

// follow follows the chain of the first certificate, and reports certificates that are out
// of order: in TLS 1.2 each certificate is followed by its signer (RFC 5246, section
// 7.4.2).
func (r *Report) follow() {
	if len(r.Certificates) == 0 {
		return
	}
	seen := map[int]bool{}
	at, place := 0, 0
	for {
		seen[at] = true
		next := r.Certificates[at].SignedBy
		if next < 0 || next == at || seen[next] {
			break
		}
		place++
		if next != place {
			r.Problems = append(r.Problems, fmt.Sprintf(
				"certificate %d is signed by certificate %d, which should be number %d", at+1, next+1, place+1))
		}
		at = next
	}
	last := r.Certificates[at]
	r.End = End{SelfSigned: last.SignedBy == at, Subject: last.Subject}
	if last.SignedBy < 0 {
		r.End.Missing = last.Issuer
	}
	for i, c := range r.Certificates {
		if !seen[i] {
			r.Problems = append(r.Problems, fmt.Sprintf("certificate %d (%s) is not part of the first certificate's chain", i+1, c.Subject))
		}
	}
}
