package certs

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"slices"
	"strings"
	"testing"
	"time"
)

// judgedAt is the current time in these tests.
var judgedAt = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// holder is a certificate and its key.
type holder struct {
	*x509.Certificate
	key crypto.Signer
}

type alter = func(*x509.Certificate)

func ecdsaKey(t *testing.T) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// issueFor signs a certificate for a key; without by it is self-signed.
func issueFor(t *testing.T, key crypto.Signer, by *holder, name string, changes ...alter) *holder {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: name}, BasicConstraintsValid: true,
		NotBefore: judgedAt.Add(-time.Hour), NotAfter: judgedAt.Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		DNSNames: []string{"web.example.com"}, IPAddresses: []net.IP{net.IPv4(192, 0, 2, 1)},
	}
	for _, change := range changes {
		change(template)
	}
	if by == nil {
		by = &holder{template, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.Certificate, key.Public(), by.key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &holder{c, key}
}

func (h *holder) issue(t *testing.T, name string, changes ...alter) *holder {
	t.Helper()
	return issueFor(t, ecdsaKey(t), h, name, changes...)
}

func asCA(c *x509.Certificate) {
	c.IsCA, c.KeyUsage, c.ExtKeyUsage, c.DNSNames, c.IPAddresses = true, x509.KeyUsageCertSign, nil, nil, nil
}

func ended(c *x509.Certificate) { c.NotAfter = judgedAt.Add(-time.Minute) }
func later(c *x509.Certificate) { c.NotBefore = judgedAt.Add(time.Minute) }

func chain(all ...*holder) []*x509.Certificate {
	var out []*x509.Certificate
	for _, h := range all {
		out = append(out, h.Certificate)
	}
	return out
}

func TestJudge(t *testing.T) {
	root := issueFor(t, ecdsaKey(t), nil, "root", asCA)
	// renewed and earlier have the same key.
	earlier := issueFor(t, root.key, nil, "root", asCA, ended)
	namesake, other := issueFor(t, ecdsaKey(t), nil, "root", asCA), issueFor(t, ecdsaKey(t), nil, "other", asCA)
	below := root.issue(t, "below", asCA)
	good := root.issue(t, "leaf")
	through := func(changes ...alter) []*x509.Certificate {
		ca := root.issue(t, "below", append([]alter{asCA}, changes...)...)
		return chain(ca.issue(t, "leaf"), ca)
	}
	forged := *good.Certificate
	forged.Signature = slices.Clone(forged.Signature)
	forged.Signature[len(forged.Signature)-1] ^= 1
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	long, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	rsaRoot := issueFor(t, long, nil, "rsa root", asCA, func(c *x509.Certificate) { c.SignatureAlgorithm = x509.SHA1WithRSA })
	shallow := issueFor(t, ecdsaKey(t), nil, "shallow", asCA, func(c *x509.Certificate) { c.MaxPathLenZero = true })
	shallowBelow := shallow.issue(t, "below", asCA)
	usage := func(key x509.KeyUsage, extended ...x509.ExtKeyUsage) alter {
		return func(c *x509.Certificate) { c.KeyUsage, c.ExtKeyUsage = key, extended }
	}
	named := func(names ...string) alter {
		return func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = names, nil }
	}
	for _, c := range []struct {
		about   string
		role    Role
		chain   []*x509.Certificate
		trusted []*x509.Certificate
		key     crypto.PublicKey
		want    string
		message string
	}{
		{about: "a server's", role: Server, chain: chain(good)},
		{about: "a client's", role: Client, chain: chain(good), key: good.PublicKey},
		{about: "through an intermediate CA", role: Server, chain: chain(below.issue(t, "leaf"), below)},
		{about: "with the root, in any order", role: Server, chain: chain(below.issue(t, "leaf"), root, below)},
		{about: "itself trusted", role: Server, chain: chain(good), trusted: chain(good)},
		{about: "the CA is there twice, once expired", role: Server, chain: chain(good), trusted: chain(earlier, root)},
		{about: "a trusted root signed with SHA-1", role: Server, chain: chain(rsaRoot.issue(t, "leaf")), trusted: chain(rsaRoot)},
		{about: "no usages", role: Client, chain: chain(root.issue(t, "leaf", usage(0)))},
		{about: "any usage", role: Client, chain: chain(root.issue(t, "leaf", usage(0, x509.ExtKeyUsageAny)))},
		{about: "names within the constraints", role: Server, chain: through(func(c *x509.Certificate) { c.PermittedDNSDomains = []string{"example.com"} })},

		{about: "another key", role: Client, chain: chain(good), key: root.PublicKey, want: "KeyMismatch", message: "another key"},
		{about: "a known other CA", role: Server, chain: chain(other.issue(t, "leaf")), want: "OtherCA", message: "signed by the CA of tenant mhr"},
		{about: "another CA of the same name", role: Server, chain: chain(namesake.issue(t, "leaf")), want: "NamesakeCA", message: "with another key"},
		{about: "the authority's name in a chain through another CA", role: Server, chain: through(usage(0)), trusted: chain(shallow), want: "UnknownCA", message: "its chain ends at CN=root"},
		{about: "a changed signature", role: Server, chain: []*x509.Certificate{&forged}, want: "BadSignature", message: "invalid signature"},
		{about: "self-signed", role: Server, chain: chain(issueFor(t, ecdsaKey(t), nil, "leaf")), want: "SelfSigned", message: "self-signed"},
		{about: "an unknown root", role: Server, chain: chain(namesake.issue(t, "leaf"), namesake), trusted: chain(shallow), want: "UnknownCA", message: "another CA, CN=root; the trusted CA is CN=shallow"},
		{about: "an intermediate CA that is not sent", role: Server, chain: chain(below.issue(t, "leaf")), want: "IssuerMissing", message: "signed by CN=below, which is neither in the chain"},
		{about: "an expired CA", role: Server, chain: chain(good), trusted: chain(earlier), want: "CAExpired", message: "the CA CN=root expired 60s ago"},
		{about: "expired", role: Server, chain: chain(root.issue(t, "leaf", ended)), want: "Expired", message: "it expired 60s ago, at 2026-03-01 11:59 UTC"},
		{about: "not yet valid", role: Server, chain: chain(root.issue(t, "leaf", later)), want: "NotYetValid", message: "becomes valid in 60s"},
		{about: "a common name only", role: Server, chain: chain(root.issue(t, "web.example.com", named())), want: "NoNames", message: "common name only (web.example.com)"},
		{about: "a client's without names", role: Client, chain: chain(root.issue(t, "ct1", named()))},
		{about: "another host", role: Server, chain: chain(root.issue(t, "leaf", named("a.example.com"))), want: "WrongHost", message: "it is for a.example.com"},
		{about: "a client's as a server's", role: Server, chain: chain(root.issue(t, "leaf", usage(0, x509.ExtKeyUsageClientAuth))), want: "WrongUsage", message: "no serverAuth"},
		{about: "a server's as a client's", role: Client, chain: chain(root.issue(t, "leaf", usage(0, x509.ExtKeyUsageServerAuth))), want: "WrongUsage", message: "no clientAuth"},
		{about: "a key that may not sign", role: Client, chain: chain(root.issue(t, "leaf", usage(x509.KeyUsageKeyEncipherment))), want: "WrongUsage", message: "no digitalSignature"},
		{about: "a CA for other usages", role: Server, chain: through(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }), want: "WrongUsage", message: "the CA CN=below in the chain may not be used"},
		{about: "an expired intermediate CA", role: Server, chain: through(ended), want: "IntermediateExpired", message: "the CA CN=below in the chain expired"},
		{about: "an intermediate CA of tomorrow", role: Server, chain: through(later), want: "IntermediateNotYetValid", message: "the CA CN=below in the chain is not yet valid"},
		{about: "an intermediate that is no CA", role: Server, chain: through(func(c *x509.Certificate) { c.IsCA, c.KeyUsage = false, x509.KeyUsageDigitalSignature }), want: "NotCA", message: "is not a CA certificate"},
		{about: "a CA that may not sign", role: Server, chain: through(usage(x509.KeyUsageCRLSign)), want: "NotCA", message: "no keyCertSign"},
		{about: "too long a path", role: Server, chain: chain(shallowBelow.issue(t, "leaf"), shallowBelow), trusted: chain(shallow), want: "PathTooLong", message: "allows 0 CAs below it"},
		{about: "as long a path as allowed", role: Server, chain: chain(shallow.issue(t, "leaf")), trusted: chain(shallow)},
		{about: "a name that is not permitted", role: Server, chain: through(func(c *x509.Certificate) { c.PermittedDNSDomains = []string{"ample.com", ".web.example.com"} }), want: "NameConstrained", message: "the name web.example.com"},
		{about: "an excluded name", role: Server, chain: through(func(c *x509.Certificate) { c.ExcludedDNSDomains = []string{"example.com"} }), want: "NameConstrained", message: "the name web.example.com"},
		{about: "an excluded address", role: Server, chain: through(func(c *x509.Certificate) {
			c.ExcludedIPRanges = []*net.IPNet{{IP: net.IPv4(192, 0, 2, 0).To4(), Mask: net.CIDRMask(24, 32)}}
		}), want: "NameConstrained", message: "the name 192.0.2.1"},
		{about: "SHA-1", role: Server, chain: chain(rsaRoot.issue(t, "leaf", func(c *x509.Certificate) { c.SignatureAlgorithm = x509.SHA1WithRSA })), trusted: chain(rsaRoot), want: "WeakSignature", message: "SHA1-RSA"},
		{about: "RSA of 1024 bits", role: Client, chain: chain(issueFor(t, short, root, "leaf")), want: "WeakKey", message: "1024-bit RSA"},
		{about: "a critical extension", role: Server, chain: chain(root.issue(t, "leaf", func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: []int{1, 2, 3}, Critical: true, Value: []byte{5, 0}}}
		})), want: "OtherRule", message: "unhandled critical extension"},

		{about: "several", role: Server, chain: chain(other.issue(t, "leaf", ended, named("a.example.com"))), want: "OtherCA Expired WrongHost", message: "signed by the CA of tenant mhr"},
	} {
		p := Presented{Role: c.role, Chain: c.chain, Trusted: c.trusted, Key: c.key, Others: []KnownCA{{"tenant mhr", other.Certificate}}, Now: judgedAt}
		if c.role == Server {
			p.Host = "web.example.com"
		}
		if c.trusted == nil {
			p.Trusted = chain(root)
		}
		faults := Judge(p)
		var kinds []string
		for _, f := range faults {
			kinds = append(kinds, string(f.Kind))
		}
		if got := strings.Join(kinds, " "); got != c.want {
			t.Errorf("%s: %q, not %q: %+v", c.about, got, c.want, faults)
		} else if c.want != "" && !strings.Contains(faults[0].Describe("it"), c.message) {
			t.Errorf("%s: %q does not say %q", c.about, faults[0].Describe("it"), c.message)
		}
	}
}

// TestJudgeManyOfOneKey checks that certificates of one key, which sign each other in every
// order, are judged in bounded time.
func TestJudgeManyOfOneKey(t *testing.T) {
	key := ecdsaKey(t)
	root := issueFor(t, key, nil, "root", asCA)
	sent := chain(root.issue(t, "leaf"))
	for i := range 40 {
		sent = append(sent, issueFor(t, key, root, "root", asCA, func(c *x509.Certificate) { c.SerialNumber = big.NewInt(int64(100 + i)) }).Certificate)
	}
	other := issueFor(t, ecdsaKey(t), nil, "other", asCA)
	p := Presented{Role: Server, Chain: sent, Trusted: chain(other), Now: judgedAt}
	if faults := Judge(p); len(faults) == 0 {
		t.Error("a chain of another CA has no fault")
	}
}
