package trust

import (
	"crypto/x509"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// Authority is a certificate whose key signs for a tenant, or has signed.
type Authority struct {
	Tenant      string
	Certificate *x509.Certificate
	// Issuer signs with its key.
	Issuer finding.Ref
	// From is where it was read.
	From finding.Ref
	// Earlier: it has been replaced since, perhaps with another key.
	Earlier bool
	// Folder is where the Certificate that makes it is defined in the GitOps
	// tree, "" if unknown.
	Folder string
}

// Authorities are the CA certificates of the tenant's issuers, today's before
// the earlier ones that cert-manager still has requests of, and what kept some
// from being read.
func Authorities(snap *snapshot.Snapshot, t tenant.Tenant) ([]Authority, []snapshot.Failure) {
	r := newReader(snap)
	issuers, unread := r.issuers(t, tenant.Assess(snap, []tenant.Tenant{t})[0])
	var today, before []Authority
	for _, issuer := range issuers {
		secret, signs := r.signsWith(issuer)
		if !signs {
			continue
		}
		a := Authority{Tenant: t.Name, Issuer: issuer}
		now, earlier, unknown := r.authority(a, secret)
		today, before = append(today, now...), append(before, earlier...)
		unread = append(unread, unknown...)
	}
	return append(today, before...), unread
}

// authority reads an issuer's certificate of today, and those before it.
func (r *reader) authority(a Authority, secret finding.Ref) (today, earlier []Authority, unknown []snapshot.Failure) {
	makers := r.makers(secret)
	if len(makers) == 0 {
		makers = append(makers, nil)
	}
	for _, maker := range makers {
		stored, from, why := r.stored(secret, maker)
		unknown = append(unknown, why...)
		if maker != nil {
			a.Folder = r.folder(maker)
		}
		if len(stored) > 0 && len(today) == 0 {
			a.Certificate, a.From = stored[0], from
			today = append(today, a)
		}
		if maker == nil {
			continue
		}
		for _, request := range r.requests(maker) {
			issued := issuedTo(request)
			if len(issued) == 0 || len(today) > 0 && !issued[0].NotBefore.Before(today[0].Certificate.NotBefore) {
				continue
			}
			before := a
			before.Certificate, before.From, before.Earlier = issued[0], finding.RefOf(request), true
			earlier = append(earlier, before)
		}
	}
	return today, earlier, unknown
}
