package trust

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// List returns every certificate of the tenants' chains: in the order of the tenants, CAs
// before what they sign, then by name.
func List(snap *snapshot.Snapshot, tenants []tenant.Tenant) []Entry {
	r := newReader(snap)
	var entries []Entry
	for i, status := range tenant.Assess(snap, tenants) {
		l := &listing{reader: r, tenant: tenants[i], status: status}
		entries = append(entries, l.entries()...)
	}
	return entries
}

// listing collects the certificates of one tenant.
type listing struct {
	*reader
	tenant tenant.Tenant
	status tenant.Status
	found  []Entry
	unread []snapshot.Failure // of Gateways and issuers
}

func (l *listing) entries() []Entry {
	var gaps []Entry
	for _, link := range l.status.Chain {
		switch {
		case link.Section != tenant.Certificates || link.Ref.Kind != object.CertificateKind.Kind:
		case link.Ref.Name == "":
			gaps = append(gaps, Entry{Tenant: l.tenant.Name, Ref: link.Ref, Verdict: link.Verdict,
				Unknown: l.snap.List(object.CertificateKind, link.Ref.Namespace).Unknown})
		default:
			l.add(l.snap.Lookup(link.Ref).Object)
		}
	}
	l.served()
	l.signing()
	for i := range l.found {
		l.found[i].UsesKnown = len(l.unread) == 0
		l.found[i].Unknown = append(l.found[i].Unknown, l.unread...)
	}
	return append(l.tree(), gaps...)
}

// add adds a Certificate to the list, once.
func (l *listing) add(certificate *unstructured.Unstructured) {
	if certificate == nil {
		return
	}
	ref := object.RefOf(certificate)
	if !slices.ContainsFunc(l.found, func(e Entry) bool { return e.Ref.Same(ref) }) {
		l.found = append(l.found, l.certificate(l.tenant.Name, certificate))
	}
}

// holder is the entry of a Secret that is in use. A Secret whose Certificate is not part of
// the chain, or that has none, is added to the list.
func (l *listing) holder(secret object.Ref) *Entry {
	for _, creator := range l.certificatesFor(secret) {
		l.add(creator)
	}
	at := slices.IndexFunc(l.found, func(e Entry) bool { return e.Secret.Same(secret) })
	if at < 0 {
		l.found = append(l.found, l.secretEntry(l.tenant.Name, secret))
		at = len(l.found) - 1
	}
	return &l.found[at]
}

// served records which Gateways serve which certificate.
func (l *listing) served() {
	servers, unread := l.servers(l.tenant, l.status)
	l.unread = append(l.unread, unread...)
	for _, server := range servers {
		for _, secret := range server.Credentials {
			e := l.holder(secret)
			e.Uses = append(e.Uses, Use{Ref: server.Gateway, Port: server.Port, Mode: server.Mode, Hosts: server.Hosts})
		}
	}
}

// signing records which issuers sign with which certificate, and adds CAs outside of the
// tenant, and the CAs above those.
func (l *listing) signing() {
	issuers, unread := l.issuers(l.tenant, l.status)
	l.unread = append(l.unread, unread...)
	noted := map[object.Key]bool{}
	for len(issuers) > 0 {
		issuer := issuers[0]
		issuers = issuers[1:]
		secret, signs := l.signsWith(issuer)
		if !signs || noted[issuer.Key()] {
			continue
		}
		noted[issuer.Key()] = true
		e := l.holder(secret)
		e.IsCA = true
		e.Uses = append(e.Uses, Use{Ref: issuer})
		if e.Issuer.Kind != "" {
			issuers = append(issuers, e.Issuer)
		}
	}
}
