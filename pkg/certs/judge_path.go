package certs

import (
	"bytes"
	"crypto/x509"
	"errors"
	"slices"
	"strings"
)

// path is a certificate and the CAs above it, each signed by the next. The last is a CA that
// is trusted if anchored is true.
type path struct {
	certificates []*x509.Certificate
	anchored     bool
}

// top is the last certificate of a path.
func (p path) top() *x509.Certificate { return p.certificates[len(p.certificates)-1] }

// maxSignatures bounds how many signatures are checked to find the paths of one
// chain: certificates of one key sign each other in every order.
const maxSignatures = 500

// paths are all paths that end at a trusted CA; if none does, the first one that is as long
// as the chain allows.
func (p Presented) paths() []path {
	var found []path
	longest, left := []*x509.Certificate{p.Chain[0]}, maxSignatures
	var climb func(so []*x509.Certificate)
	climb = func(so []*x509.Certificate) {
		last := so[len(so)-1]
		if len(so) > len(longest) {
			longest = slices.Clone(so)
		}
		if slices.ContainsFunc(p.Trusted, last.Equal) {
			found = append(found, path{slices.Clone(so), true})
			return
		}
		for _, ca := range slices.Concat(p.Trusted, p.Chain[1:]) {
			if left--; left < 0 {
				return
			}
			if !slices.ContainsFunc(so, ca.Equal) && SignedBy(last, ca) {
				climb(append(slices.Clone(so), ca))
			}
		}
	}
	climb(longest)
	if len(found) == 0 {
		found = append(found, path{longest, false})
	}
	return found
}

// SignedBy reports whether the certificate is signed with the CA's key, regardless of their
// names and dates. Names prove nothing: every Korthweb tenant's CA is called int-ca. Go
// checks no signature with MD5; there the names and key ids count.
func SignedBy(c, ca *x509.Certificate) bool {
	err := ca.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature)
	var insecure x509.InsecureAlgorithmError
	if errors.As(err, &insecure) {
		return bytes.Equal(c.RawIssuer, ca.RawSubject) && !otherKeyID(c, ca)
	}
	return err == nil
}

// otherKeyID reports whether the key id of the certificate's issuer is not the CA's.
func otherKeyID(c, ca *x509.Certificate) bool {
	return len(c.AuthorityKeyId) > 0 && len(ca.SubjectKeyId) > 0 && !bytes.Equal(c.AuthorityKeyId, ca.SubjectKeyId)
}

// ofSigner judges a path that does not end at a trusted CA.
func (p Presented) ofSigner(up path) []Fault {
	if up.anchored || len(p.Trusted) == 0 {
		return nil
	}
	top := up.top()
	issuer := called(top.RawIssuer)
	for i, other := range p.Others {
		if slices.ContainsFunc(up.certificates, func(c *x509.Certificate) bool { return c.Equal(other.Certificate) || SignedBy(c, other.Certificate) }) {
			f := p.fault(OtherCA, "was signed by the CA of "+other.Owner)
			f.By = &p.Others[i]
			return []Fault{f}
		}
	}
	namesake := slices.IndexFunc(p.Trusted, func(ca *x509.Certificate) bool { return bytes.Equal(ca.RawSubject, top.RawIssuer) })
	switch {
	case namesake >= 0 && len(top.AuthorityKeyId) > 0 && bytes.Equal(top.AuthorityKeyId, p.Trusted[namesake].SubjectKeyId):
		return []Fault{p.fault(BadSignature, "has an invalid signature: it names the key of the CA "+issuer+", which did not sign it")}
	case namesake >= 0:
		return []Fault{p.fault(NamesakeCA, "was signed by a CA with the name of the trusted CA, "+issuer+", but with another key")}
	case len(up.certificates) == 1 && SignedBy(top, top):
		return []Fault{p.fault(SelfSigned, "is self-signed: no CA signed it")}
	case SignedBy(top, top):
		return []Fault{p.fault(UnknownCA, "was signed by another CA, "+issuer+"; the trusted CA is "+p.trusted())}
	case len(up.certificates) > 1:
		return []Fault{p.fault(UnknownCA, "was signed by another CA: its chain ends at "+issuer+", which was not sent; trusted is "+p.trusted())}
	}
	return []Fault{p.fault(IssuerMissing, "was signed by "+issuer+", which is neither in the chain nor the trusted CA "+p.trusted())}
}

// trusted names the CAs that are trusted.
func (p Presented) trusted() string {
	var names []string
	for _, ca := range p.Trusted {
		names = append(names, called(ca.RawSubject))
	}
	slices.Sort(names)
	return orList(slices.Compact(names))
}

// plain is an error of crypto/x509 without the package's name.
func plain(err error) string { return strings.TrimPrefix(err.Error(), "x509: ") }

// LeadsTo reports whether a path of signatures exists from the first certificate of a chain
// to a CA, over any of the others in it.
func LeadsTo(chain []*x509.Certificate, ca *x509.Certificate) bool {
	return len(chain) > 0 && (Presented{Chain: chain, Trusted: []*x509.Certificate{ca}}).paths()[0].anchored
}

// OfSigner reports whether the fault is that no trusted CA has signed the certificate.
func (f Fault) OfSigner() bool {
	switch f.Kind {
	case OtherCA, NamesakeCA, BadSignature, SelfSigned, UnknownCA, IssuerMissing:
		return true
	}
	return false
}
