package certs

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"testing"
	"time"
)

// issue signs any certificate that a test needs, valid or not.
func (ca *testCA) issue(t *testing.T, request *x509.CertificateRequest, spoil func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), RawSubject: request.RawSubject, NotBefore: now, NotAfter: now.Add(day),
		DNSNames: request.DNSNames, IPAddresses: request.IPAddresses, EmailAddresses: request.EmailAddresses, URIs: request.URIs,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		PublicKey: request.PublicKey,
	}
	if spoil != nil {
		spoil(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca.cert, template.PublicKey, ca.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func TestCheckIssuedLeaf(t *testing.T) {
	root := newCA(t, "root", nil, nil)
	request := requestOf(t, "/O=A/CN=x", namesOf(t, "a.org b.org", "192.0.2.7", "", ""), ecKey(t))
	raw := func(text string) []byte {
		der, err := MarshalSubject(subjectOf(t, text))
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	for _, test := range []struct {
		about   string
		spoil   func(*x509.Certificate)
		message string
	}{
		{"what was asked for", nil, ""},
		{"names in another order and case", func(c *x509.Certificate) { c.DNSNames = []string{"B.org", "a.org"} }, ""},
		{"another string type", func(c *x509.Certificate) { c.RawSubject = raw("CN=#0c0178,O=#0c0141") }, ""},
		{"for servers too", func(c *x509.Certificate) { c.ExtKeyUsage = append(c.ExtKeyUsage, x509.ExtKeyUsageServerAuth) }, ""},
		{"no key usage at all", func(c *x509.Certificate) { c.KeyUsage = 0 }, ""},
		{"a clock that is ahead", func(c *x509.Certificate) { c.NotBefore = now.Add(skew) }, ""},
		{"another key", func(c *x509.Certificate) { c.PublicKey = ecKey(t).Public() }, "it is for another key"},
		{"another subject", func(c *x509.Certificate) { c.RawSubject = raw("/O=A/CN=y") }, "its subject is CN=y,O=A instead of CN=x,O=A"},
		{"a subject cut short", func(c *x509.Certificate) { c.RawSubject = raw("/CN=x") }, "its subject is CN=x instead of"},
		{"a name too many", func(c *x509.Certificate) { c.DNSNames = append(c.DNSNames, "c.org") }, "its names are [DNS:a.org DNS:b.org DNS:c.org IP:192.0.2.7] instead of"},
		{"a name too few", func(c *x509.Certificate) { c.IPAddresses = nil }, "its names are [DNS:a.org DNS:b.org] instead of"},
		{"a name of a kind that isn't known", func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: oidSAN, Value: []byte{0x30, 7, 0xa0, 5, 6, 1, 0x2a, 5, 0}}}
		}, "a name of the kind otherName"},
		{"a CA", func(c *x509.Certificate) { c.BasicConstraintsValid, c.IsCA = true, true }, "it is a CA certificate"},
		{"for servers", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }, "it is not for clients"},
		{"for anything", func(c *x509.Certificate) { c.ExtKeyUsage = nil }, "it is not for clients"},
		{"a key that may not sign", func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment }, "its key may not sign"},
		{"of tomorrow", func(c *x509.Certificate) { c.NotBefore = now.Add(skew + time.Minute) }, "which is not now"},
		{"expired", func(c *x509.Certificate) { c.NotBefore, c.NotAfter = now.Add(-day), now.Add(-time.Second) }, "which is not now"},
		{"an unknown critical extension", func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true, Value: []byte{5, 0}}}
		}, "its CA may not sign"},
	} {
		t.Run(test.about, func(t *testing.T) {
			leaf := root.issue(t, request, test.spoil)
			mustFail(t, CheckIssued(request, []*x509.Certificate{leaf}, []*x509.Certificate{root.cert}, now), test.message)
		})
	}
}

func TestCheckIssuedChain(t *testing.T) {
	root := newCA(t, "root", nil, nil)
	middle := newCA(t, "middle", root, nil)
	low := newCA(t, "low", middle, nil)
	peer := newCA(t, "middle", nil, nil)
	strict := newCA(t, "strict", root, func(c *x509.Certificate) { c.PermittedDNSDomains = []string{"b.org"} })
	old := newCA(t, "old", root, func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Second) })
	short := newCA(t, "short", root, func(c *x509.Certificate) { c.NotAfter = now.Add(day - time.Minute) })
	request := requestOf(t, "CN=x", namesOf(t, "a.org", "", "", ""), ecKey(t))
	by := func(ca *testCA) *x509.Certificate { return ca.issue(t, request, nil) }
	type certs = []*x509.Certificate
	for _, test := range []struct {
		about     string
		chain, ca certs
		message   string
	}{
		{"the whole chain", certs{by(low), low.cert, middle.cert}, certs{root.cert}, ""},
		{"with the root", certs{by(low), low.cert, middle.cert, root.cert}, certs{root.cert}, ""},
		{"the rest from the signer's CA", certs{by(low)}, certs{root.cert, middle.cert, low.cert}, ""},
		{"a CA that is no root", certs{by(low), low.cert}, certs{middle.cert}, ""},
		{"no CA named", certs{by(low), low.cert, middle.cert}, nil, ""},
		{"no CA named, no chain", certs{by(low)}, nil, ""},
		{"nothing", nil, certs{root.cert}, "returned no certificate"},
		{"in disorder", certs{by(low), middle.cert, low.cert}, certs{root.cert}, "an invalid chain: CN=x is not signed by CN=middle"},
		{"a gap", certs{by(low), low.cert}, certs{root.cert}, "is not signed by the CA that the signer names: CN=low is issued by CN=middle, the CA is CN=root"},
		{"a CA of the same name", certs{by(middle), peer.cert}, certs{peer.cert}, "CN=x is not signed by CN=middle"},
		{"the named CA has the same name", certs{by(middle)}, certs{peer.cert}, "is not signed by the CA that the signer names"},
		{"a CA with limits", certs{by(strict), strict.cert}, certs{root.cert}, "its CA may not sign"},
		{"an expired CA", certs{by(old), old.cert}, certs{root.cert}, "the CA CN=old expired"},
		{"an expired CA, unnamed", certs{by(old), old.cert}, nil, "the CA CN=old expired"},
	} {
		t.Run(test.about, func(t *testing.T) {
			mustFail(t, CheckIssued(request, test.chain, test.ca, now), test.message)
		})
	}
	var outlives *OutlivesError
	if err := CheckIssued(request, certs{by(short), short.cert}, certs{root.cert}, now); !errors.As(err, &outlives) || outlives.CA != "CN=short" {
		t.Errorf("the error is %v, want an OutlivesError about CN=short", err)
	}
}

func TestClimbEndsInCycle(t *testing.T) {
	a := newCA(t, "a", nil, nil)
	b := newCA(t, "b", a, nil)
	// This certificate has a's key and name, and is signed by b: the two sign each other.
	der, err := x509.CreateCertificate(rand.Reader, a.cert, b.cert, a.key.Public(), b.key)
	if err != nil {
		t.Fatal(err)
	}
	crossed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	if above := climb(crossed, []*x509.Certificate{b.cert, crossed}); !sameCerts(above, []*x509.Certificate{b.cert}) {
		t.Errorf("%d certificates are above, want one", len(above))
	}
}
