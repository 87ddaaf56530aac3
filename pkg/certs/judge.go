package certs

import (
	"cmp"
	"crypto"
	"crypto/x509"
	"slices"
	"time"
)

// Role is the role of the owner of a certificate in a TLS connection.
type Role int

// The roles.
const (
	Server Role = iota + 1
	Client
)

// KnownCA is a CA's certificate, and whose CA it is.
type KnownCA struct {
	Owner       string
	Certificate *x509.Certificate
}

// Presented is a certificate as one side of a TLS connection presents it, and what
// the other side trusts.
type Presented struct {
	Role Role
	// Chain is the certificate, then those that were sent with it, in any order.
	Chain []*x509.Certificate
	// Host is the name that clients connect to, "" if names are not judged.
	Host string
	// Key is the public half of the key that goes with it, nil if it is not known.
	Key crypto.PublicKey
	// Trusted are the CAs that the other side trusts. Without any, the signer of the
	// certificate is not judged.
	Trusted []*x509.Certificate
	// Others are CAs that it does not trust, and that are known.
	Others []KnownCA
	Now    time.Time
}

// Judge finds what is wrong with a certificate, the most serious fault first; nothing if the
// other side accepts it. It is as strict as the strictest of the programs that the other side
// may be: a browser, Envoy (BoringSSL), OpenSSL at its default security level, Go.
//
// As in OpenSSL, a fault of the signer comes before all others: a certificate that another CA
// signed must be replaced, not renewed or issued for more names.
func Judge(p Presented) []Fault {
	if len(p.Chain) == 0 {
		return nil
	}
	faults := p.along(p.best())
	kinds := FaultKinds()
	slices.SortStableFunc(faults, func(a, b Fault) int {
		return cmp.Compare(slices.Index(kinds, a.Kind), slices.Index(kinds, b.Kind))
	})
	return faults
}

// FaultKinds are all kinds of faults, the most serious first.
func FaultKinds() []FaultKind {
	return []FaultKind{
		KeyMismatch, OtherCA, NamesakeCA, BadSignature, SelfSigned, UnknownCA, IssuerMissing,
		CAExpired, CANotYetValid, Expired, NotYetValid, NoNames, WrongHost, WrongUsage,
		IntermediateExpired, IntermediateNotYetValid, NotCA, PathTooLong, NameConstrained,
		WeakSignature, WeakKey, OtherRule,
	}
}

// best is the path from the certificate to a trusted CA that has the fewest faults: a CA may
// have been renewed with the same key, and both certificates may be present. Without such a
// path it ends where the chain ends, and anchored is false.
func (p Presented) best() path {
	paths := p.paths()
	least, best := -1, path{}
	for _, candidate := range paths {
		if n := len(p.along(candidate)); least < 0 || n < least {
			least, best = n, candidate
		}
	}
	return best
}

// along are the faults of the certificate with the CAs of one path above it.
func (p Presented) along(up path) []Fault {
	faults := append(p.ofKey(), p.ofSigner(up)...)
	faults = append(faults, p.ofDates(up)...)
	faults = append(faults, p.ofHost()...)
	faults = append(faults, p.ofUsage(up)...)
	faults = append(faults, ofCAs(up)...)
	faults = append(faults, ofStrength(up)...)
	if len(faults) == 0 && up.anchored {
		faults = p.ofRules(up)
	}
	return faults
}

// ofKey compares the key with the certificate.
func (p Presented) ofKey() []Fault {
	if p.Key == nil {
		return nil
	}
	mine, ok := p.Chain[0].PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	if ok && mine.Equal(p.Key) {
		return nil
	}
	return []Fault{p.fault(KeyMismatch, "was issued for another key than the specified one")}
}

// fault is one of the certificate itself.
func (p Presented) fault(kind FaultKind, text string) Fault {
	return Fault{Kind: kind, Of: p.Chain[0], leaf: true, text: text}
}

// ofRules lets crypto/x509 check what this package does not: critical extensions, policies,
// the encoding of names.
func (p Presented) ofRules(up path) []Fault {
	options := x509.VerifyOptions{
		Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(), CurrentTime: p.Now,
		KeyUsages: []x509.ExtKeyUsage{p.Role.purpose()},
	}
	options.Roots.AddCert(up.certificates[len(up.certificates)-1])
	for _, c := range up.certificates[1:] {
		options.Intermediates.AddCert(c)
	}
	if _, err := p.Chain[0].Verify(options); err != nil {
		return []Fault{p.fault(OtherRule, "is not valid: "+plain(err))}
	}
	return nil
}
