package trust

import (
	"crypto/x509"
	"fmt"
	"slices"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// Match is how the served certificate compares with the stored one.
type Match string

// The matches.
const (
	// Same: it is the stored one.
	Same Match = "Same"
	// Older: it is for the same names, and was issued before the stored one.
	Older Match = "Older"
	// Newer: it is for the same names, and was issued after the one that could be read.
	Newer Match = "Newer"
	// Other: it is another one of the listed certificates.
	Other Match = "Other"
	// Foreign: it is none of the listed certificates.
	Foreign Match = "Foreign"
	// Unclear: no handshake succeeded, or the stored certificate is not known.
	Unclear Match = "Unclear"
)

// Served is the certificate that a server presented at one address.
type Served struct {
	Endpoint
	Match Match
	// Certificate is the server's, nil if no handshake succeeded.
	Certificate *x509.Certificate
	// Of is the entry that the certificate belongs to if that is another one, and OfTenant
	// its tenant.
	Of       object.Ref
	OfTenant string
	// AsksClient: the server requested a client certificate.
	AsksClient bool
	// Detail is a sentence without a full stop; empty if the certificate is the stored one.
	Detail string
}

// Compare returns the entries with the served certificates of each, in the order of the
// observations. It does not change the given entries.
func Compare(entries []Entry, seen []Observation) []Entry {
	compared := slices.Clone(entries)
	for i := range compared {
		compared[i].Served = nil
	}
	for _, o := range seen {
		if o.Entry >= 0 && o.Entry < len(compared) {
			e := &compared[o.Entry]
			e.Served = append(e.Served, judge(o, entries))
		}
	}
	return compared
}

func judge(o Observation, entries []Entry) Served {
	e := entries[o.Entry]
	s := Served{Endpoint: o.Endpoint, AsksClient: o.AsksClient, Match: Unclear}
	switch {
	case o.Err != nil:
		s.Detail = o.Err.Error()
		return s
	case len(o.Chain) == 0:
		s.Detail = "the server presented no certificate"
		return s
	}
	s.Certificate = o.Chain[0]
	switch {
	case len(e.Stored) > 0 && s.Certificate.Equal(e.Stored[0]):
		s.Match = Same
	case s.belongs(entries):
		s.Match = Other
		s.Detail = fmt.Sprintf("the served certificate is that of %s", s.Of)
		if s.OfTenant != e.Tenant {
			s.Detail += ", tenant " + s.OfTenant
		}
	case len(e.Stored) == 0:
		s.Detail = "the stored certificate is not known"
	default:
		s.unknownMatch(e.Stored[0])
	}
	return s
}

// belongs finds the other entry whose certificate is served.
func (s *Served) belongs(entries []Entry) bool {
	for i, other := range entries {
		if i != s.Entry && len(other.Stored) > 0 && other.Stored[0].Equal(s.Certificate) {
			s.Of, s.OfTenant = other.Ref, other.Tenant
			return true
		}
	}
	return false
}

// unknownMatch judges a certificate that is not stored: an earlier or later one for the
// same names, or one that does not belong to these tenants.
func (s *Served) unknownMatch(stored *x509.Certificate) {
	const day = "2006-01-02 15:04"
	served := s.Certificate
	switch {
	case !sameNames(served, stored):
		s.Match = Foreign
		s.Detail = fmt.Sprintf("the served certificate has subject %s and issuer %s, and is none of these", subjectOf(served.RawSubject), subjectOf(served.RawIssuer))
	case served.NotBefore.After(stored.NotBefore):
		s.Match = Newer
		s.Detail = fmt.Sprintf("the served certificate was issued later than the stored one, at %s UTC", served.NotBefore.UTC().Format(day))
	default:
		s.Match = Older
		s.Detail = fmt.Sprintf("the served certificate was issued before the stored one, at %s UTC", served.NotBefore.UTC().Format(day))
	}
}

// sameNames reports whether two certificates are for the same server: they have a name in
// common, or no names at all and the same subject.
func sameNames(a, b *x509.Certificate) bool {
	namesA, namesB := namesOf(a), namesOf(b)
	if len(namesA)+len(namesB) == 0 {
		return string(a.RawSubject) == string(b.RawSubject)
	}
	return slices.ContainsFunc(namesA, func(n Name) bool { return slices.Contains(namesB, n) })
}
