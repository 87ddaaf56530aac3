package trust

import (
	"crypto/x509"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// CA is a CA certificate whose key signs, or has signed, certificates for a tenant.
type CA struct {
	Tenant      string
	Certificate *x509.Certificate
	// Issuer signs with the CA's key.
	Issuer object.Ref
	// From is the object that the certificate was read from.
	From object.Ref
	// Earlier: it was replaced later, possibly with another key.
	Earlier bool
	// Folder is where its Certificate is defined in the GitOps tree, "" if unknown.
	Folder string
}

// CAs returns the CA certificates of the tenant's issuers, the current ones before the
// earlier ones of which cert-manager still has requests, and why some could not be read.
func CAs(snap *snapshot.Snapshot, t tenant.Tenant) ([]CA, []snapshot.Failure) {
	r := newReader(snap)
	issuers, unread := r.issuers(t, tenant.Assess(snap, []tenant.Tenant{t})[0])
	var today, before []CA
	for _, issuer := range issuers {
		secret, signs := r.signsWith(issuer)
		if !signs {
			continue
		}
		a := CA{Tenant: t.Name, Issuer: issuer}
		now, earlier, unknown := r.issuerCAs(a, secret)
		today, before = append(today, now...), append(before, earlier...)
		unread = append(unread, unknown...)
	}
	return append(today, before...), unread
}

// issuerCAs reads an issuer's current certificate, and the earlier ones.
func (r *reader) issuerCAs(a CA, secret object.Ref) (today, earlier []CA, unknown []snapshot.Failure) {
	makers := r.certificatesFor(secret)
	if len(makers) == 0 {
		makers = append(makers, nil)
	}
	for _, creator := range makers {
		stored, from, why := r.storedIn(secret, creator)
		unknown = append(unknown, why...)
		if creator != nil {
			a.Folder = r.folder(creator)
		}
		if len(stored) > 0 && len(today) == 0 {
			a.Certificate, a.From = stored[0], from
			today = append(today, a)
		}
		if creator == nil {
			continue
		}
		for _, request := range r.requests(creator) {
			issued := issuedTo(request)
			if len(issued) == 0 || len(today) > 0 && !issued[0].NotBefore.Before(today[0].Certificate.NotBefore) {
				continue
			}
			before := a
			before.Certificate, before.From, before.Earlier = issued[0], object.RefOf(request), true
			earlier = append(earlier, before)
		}
	}
	return today, earlier, unknown
}
