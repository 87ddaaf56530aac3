// Package trust describes the certificates of a tenant: which exist, which CA signed them
// and which Gateway serves them, their contents, and whether a client's certificate is
// accepted.
//
// It is pure: its input is a snapshot, certificates that the caller has fetched, and a
// time. From Secrets it reads only certificates, never a key.
package trust

import (
	"crypto/x509"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// Entry is one certificate of a tenant. An Entry whose Ref has no name represents
// Certificates that could not be read.
type Entry struct {
	Tenant string
	// Ref is the Certificate object, or the Secret if a Gateway or an issuer uses one
	// without a Certificate.
	Ref object.Ref
	// Secret is where cert-manager keeps what was issued.
	Secret object.Ref
	// Issuer is the zero Ref for a Secret without a Certificate, and has no kind
	// when it is an external issuer's.
	Issuer object.Ref
	// Depth is the number of CAs above it that are also in the list.
	Depth int
	// IsCA: it is a CA, which may sign others.
	IsCA bool
	// Subject is the certificate's own, as RFC 4514 writes it; where only the
	// Certificate object could be read, its common name.
	Subject string
	// Names are the host names, addresses, mailboxes and URIs that it is for.
	Names []string
	// NotBefore, NotAfter and RenewalTime are zero when they are not known.
	NotBefore, NotAfter, RenewalTime time.Time
	// Uses are the Gateways that serve it, by port, then the issuers that sign with it.
	Uses []Use
	// UsesKnown: all Gateways and issuers of the tenant could be read.
	UsesKnown bool
	// Stored is what was issued last, the certificate itself first; nil if it does not
	// exist, or could not be read, which Unknown then records.
	Stored []*x509.Certificate
	// StoredFrom is where Stored was read: the Secret, or the newest CertificateRequest if
	// Secrets could not be read.
	StoredFrom object.Ref
	// Served are the certificates that servers presented; Compare sets it.
	Served  []Served
	Verdict health.Verdict
	// Unknown is what could not be read.
	Unknown []snapshot.Failure
}

// Use is one thing that a certificate is used for: a Gateway's server, or an
// issuer that signs with its key. Port, Mode and Hosts are a Gateway's.
type Use struct {
	Ref   object.Ref
	Port  int64
	Mode  Mode
	Hosts []string
}

// Left is the time until the certificate expires; negative if it has expired, and zero if
// the expiry is not known.
func (e Entry) Left(now time.Time) time.Duration {
	if e.NotAfter.IsZero() {
		return 0
	}
	return e.NotAfter.Sub(now)
}

// known sets the fields that only the certificate itself has.
func (e *Entry) known(stored []*x509.Certificate, from object.Ref) {
	leaf := stored[0]
	e.Stored, e.StoredFrom = stored, from
	e.Subject, e.IsCA = subjectOf(leaf.RawSubject), isCA(leaf)
	e.NotBefore, e.NotAfter = leaf.NotBefore, leaf.NotAfter
	e.Names = nil
	for _, name := range namesOf(leaf) {
		e.Names = append(e.Names, name.Value)
	}
}

// isCA reports whether the certificate may sign others. Version 1 has no field for
// that, so only an explicit one counts (RFC 5280, section 4.2.1.9).
func isCA(c *x509.Certificate) bool { return c.BasicConstraintsValid && c.IsCA }
