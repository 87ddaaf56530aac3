// Package trust answers who vouches for whom at a tenant's door: which
// certificates there are, what signed them and what serves them, what is in a
// certificate, and whether a client's certificate will be let in.
//
// It is pure: it reads a snapshot, certificates that somebody else has fetched,
// and a moment. Of Secrets it sees only certificates, never a key.
package trust

import (
	"crypto/x509"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// Entry is one certificate of a tenant. An Entry whose Ref has no name stands
// for Certificates that could not be read.
type Entry struct {
	Tenant string
	// Ref is the Certificate object, or the Secret where a Gateway or an issuer
	// uses one that no Certificate makes.
	Ref finding.Ref
	// Secret is where cert-manager keeps what was issued.
	Secret finding.Ref
	// Issuer is the zero Ref for a Secret without a Certificate, and has no kind
	// when it is an external issuer's.
	Issuer finding.Ref
	// Depth is the number of authorities above it that are in the list as well.
	Depth int
	// Authority: it may sign others.
	Authority bool
	// Subject is the certificate's own, as RFC 4514 writes it; where only the
	// Certificate object could be read, its common name.
	Subject string
	// Names are the host names, addresses, mailboxes and URIs that it is for.
	Names []string
	// NotBefore, NotAfter and RenewalTime are zero when they are not known.
	NotBefore, NotAfter, RenewalTime time.Time
	// Uses are who serves it, by Gateway and port, then who signs with it.
	Uses []Use
	// UsesKnown: all Gateways and issuers of the tenant could be read.
	UsesKnown bool
	// Stored is what was issued last, the certificate itself first; nil when it
	// is not there or could not be read, which Unknown then says.
	Stored []*x509.Certificate
	// StoredFrom is where Stored was read: the Secret, or the newest
	// CertificateRequest where Secrets may not be read.
	StoredFrom finding.Ref
	// Served is what handshakes have shown; Compare fills it in.
	Served  []Served
	Verdict health.Verdict
	// Unknown is what could not be read of it.
	Unknown []snapshot.Failure
}

// Use is one thing that a certificate is used for: a Gateway's server, or an
// issuer that signs with its key. Port, Mode and Hosts are a Gateway's.
type Use struct {
	Ref   finding.Ref
	Port  int64
	Mode  Mode
	Hosts []string
}

// Left is the time until the certificate ends; negative when that is over, and
// zero when the end is not known.
func (e Entry) Left(now time.Time) time.Duration {
	if e.NotAfter.IsZero() {
		return 0
	}
	return e.NotAfter.Sub(now)
}

// known takes over what only the certificate itself can tell.
func (e *Entry) known(stored []*x509.Certificate, from finding.Ref) {
	leaf := stored[0]
	e.Stored, e.StoredFrom = stored, from
	e.Subject, e.Authority = subjectOf(leaf.RawSubject), isAuthority(leaf)
	e.NotBefore, e.NotAfter = leaf.NotBefore, leaf.NotAfter
	e.Names = nil
	for _, name := range namesOf(leaf) {
		e.Names = append(e.Names, name.Value)
	}
}

// isAuthority reports whether the certificate may sign others. Version 1 has no field for
// that, so only an explicit one counts (RFC 5280, section 4.2.1.9).
func isAuthority(c *x509.Certificate) bool { return c.BasicConstraintsValid && c.IsCA }
