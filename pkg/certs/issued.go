package certs

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cert-manager/cert-manager/pkg/util/pki"
)

// CheckIssued checks that a signer returned what was requested. The chain begins with the
// client's certificate; it must be for the request's key, subject and names (no more, no
// fewer; in any order), for clients, of no CA, and valid at now, where a signer's clock may
// be some minutes ahead. Each certificate must be signed by the next, and the first may not
// outlive any (*OutlivesError).
//
// ca are the certificates that the signer named as its CA: the end of the chain must be among
// them or signed by one of them. If it is empty, as for an ACME signer, it is not known
// whether the chain ends at a CA that a server trusts.
func CheckIssued(request *x509.CertificateRequest, chain, ca []*x509.Certificate, now time.Time) error {
	if len(chain) == 0 {
		return errors.New("the signer returned no certificate; request it again, and check the signer's messages")
	}
	leaf := chain[0]
	if err := checkAsked(request, leaf); err != nil {
		return fmt.Errorf("the signer returned a certificate that does not match the request: %w", err)
	}
	if now.Before(leaf.NotBefore) && leaf.NotBefore.Sub(now) <= skew {
		now = leaf.NotBefore
	}
	if now.Before(leaf.NotBefore) || now.After(leaf.NotAfter) {
		return fmt.Errorf("the signer returned a certificate that is valid from %s until %s, which is not now; check the clocks",
			leaf.NotBefore.UTC().Format(time.RFC3339), leaf.NotAfter.UTC().Format(time.RFC3339))
	}
	for i, cert := range chain[1:] {
		if !issuedBy(chain[i], cert) {
			return fmt.Errorf("the signer returned an invalid chain: %s is not signed by %s, which follows it; ask the signer's administrator to correct the order",
				called(chain[i].RawSubject), called(cert.RawSubject))
		}
	}
	cas, err := allAbove(chain, ca)
	if err != nil || len(cas) == 0 {
		return err
	}
	if err := checkAbove(leaf.NotAfter, cas, now); err != nil {
		return err
	}
	if err := verify(leaf, cas, now); err != nil {
		return fmt.Errorf("the signer returned a certificate that its CA may not sign: %w; use another signer", err)
	}
	return nil
}

// allAbove returns the CAs above the first of a chain, including those that the signer named.
func allAbove(chain, ca []*x509.Certificate) ([]*x509.Certificate, error) {
	top := chain[len(chain)-1]
	above := climb(top, ca)
	if len(ca) > 0 && len(above) == 0 && !slices.ContainsFunc(ca, top.Equal) {
		return nil, fmt.Errorf("the certificate is not signed by the CA that the signer names: %s is issued by %s, the CA is %s; the CA may have been renewed, so request it again",
			called(top.RawSubject), called(top.RawIssuer), called(ca[0].RawSubject))
	}
	return slices.Concat(chain[1:], above), nil
}

// checkAsked compares a certificate with its request.
func checkAsked(request *x509.CertificateRequest, leaf *x509.Certificate) error {
	if same, err := pki.PublicKeyMatchesCSR(leaf.PublicKey, request); err != nil || !same {
		return errors.New("it is for another key; request it again")
	}
	// A signer may choose another string type for the same text.
	requested, given := called(request.RawSubject), called(leaf.RawSubject)
	if !bytes.Equal(request.RawSubject, leaf.RawSubject) && requested != given {
		return fmt.Errorf("its subject is %s instead of %s; use a signer that keeps subjects", given, requested)
	}
	if err := sameNames(request, leaf); err != nil {
		return err
	}
	switch {
	case leaf.IsCA:
		return errors.New("it is a CA certificate; don't use it, and inform the signer's administrator")
	case !slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageClientAuth):
		return errors.New(`it is not for clients: it lacks the purpose "client auth"; allow that usage at the signer`)
	case leaf.KeyUsage != 0 && leaf.KeyUsage&x509.KeyUsageDigitalSignature == 0:
		return errors.New(`its key may not sign, as a client's must: it lacks the usage "digital signature"; allow that usage at the signer`)
	}
	return nil
}

func sameNames(request *x509.CertificateRequest, leaf *x509.Certificate) error {
	requested, err := requestedNames(request)
	if err != nil {
		return err
	}
	given, err := requestedNames(&x509.CertificateRequest{Extensions: leaf.Extensions})
	if err != nil {
		return err
	}
	if a, g := requested.sorted(), given.sorted(); !slices.Equal(a, g) {
		return fmt.Errorf("its names are [%s] instead of [%s]; use a signer that keeps names", strings.Join(g, " "), strings.Join(a, " "))
	}
	return nil
}

// sorted returns all names as text, each with its kind.
func (n Names) sorted() []string {
	var all []string
	for _, dns := range n.DNS {
		all = append(all, "DNS:"+strings.ToLower(dns))
	}
	for _, ip := range n.IPs {
		all = append(all, "IP:"+ip.String())
	}
	for _, email := range n.Emails {
		all = append(all, "email:"+email)
	}
	for _, uri := range n.URIs {
		all = append(all, "URI:"+uri.String())
	}
	slices.Sort(all)
	return all
}
