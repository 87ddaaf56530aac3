package validate

import (
	"crypto/x509"
	"slices"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/certs"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/endpoint"
)

// longer has a CA that is valid for longer than the certificates that it signs.
func longer(c *x509.Certificate) {
	c.NotBefore, c.NotAfter = time.Now().AddDate(-1, 0, 0), time.Now().AddDate(1, 0, 0)
}

func TestJudgeCertificate(t *testing.T) {
	own, other := newAuthority(t, "bhs-ca", longer), newAuthority(t, "mhr-ca", longer)
	namesake := newAuthority(t, "bhs-ca")
	now, host := time.Now(), "web.bhs.orthweb.com"
	good := own.issue().Leaf
	below := own.issue(func(c *x509.Certificate) { // a CA below the tenant's
		c.Subject.CommonName = "below"
		c.IsCA, c.BasicConstraintsValid, c.KeyUsage, c.ExtKeyUsage = true, true, x509.KeyUsageCertSign, nil
	})
	lower := authority{t: t, cert: below.Leaf, key: keyOf(below)}
	for _, c := range []struct {
		about       string
		chain       []*x509.Certificate
		authorities []*x509.Certificate
		now         time.Time
		outcome     check.Outcome
		code        finding.Code
		says        string
	}{
		{about: "good", chain: []*x509.Certificate{good}, outcome: check.Pass, says: "signed by the tenant's CA, for " + host + ", valid for "},
		{about: "by an authority below", chain: []*x509.Certificate{lower.issue().Leaf, lower.cert}, outcome: check.Pass, says: "signed by the tenant's CA"},
		{about: "by one below that isn't sent", chain: []*x509.Certificate{lower.issue().Leaf}, outcome: check.Fail, code: check.CodeServerIssuerMissing, says: "the server's certificate was signed by CN=below, which is neither in the chain"},
		{about: "by either of two authorities", chain: []*x509.Certificate{good}, authorities: []*x509.Certificate{other.cert, own.cert}, outcome: check.Pass, says: "signed by"},
		{about: "ended", chain: []*x509.Certificate{good}, now: good.NotAfter, outcome: check.Fail, code: check.CodeServerExpired, says: "the server's certificate expired 0s ago"},
		{about: "not yet begun", chain: []*x509.Certificate{good}, now: good.NotBefore.Add(-time.Minute), outcome: check.Fail, code: check.CodeServerExpired, says: "is not yet valid: it becomes valid in 60s"},
		{about: "another name", chain: []*x509.Certificate{own.issue(func(c *x509.Certificate) { c.DNSNames = []string{"web.mhr.orthweb.com"} }).Leaf},
			outcome: check.Fail, code: check.CodeServerName, says: "is not for " + host},
		{about: "another tenant's", chain: []*x509.Certificate{other.issue().Leaf}, outcome: check.Fail, code: check.CodeServerUntrusted, says: "was signed by the CA of tenant mhr"},
		{about: "an authority of the same name", chain: []*x509.Certificate{namesake.issue().Leaf}, outcome: check.Fail, code: check.CodeServerOtherKey, says: "the name of the trusted CA, CN=bhs-ca, but with another key"},
		{about: "for clients alone", chain: []*x509.Certificate{own.issue(func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		}).Leaf}, outcome: check.Fail, code: check.CodeServerUsage, says: "has no serverAuth"},
		{about: "ends soon", chain: []*x509.Certificate{good}, now: good.NotAfter.Add(-47 * time.Hour), outcome: check.Warn, code: check.CodeServerEndsSoon, says: "expires in 47h"},
		{about: "ends soon enough", chain: []*x509.Certificate{good}, now: good.NotAfter.Add(-endpoint.ExpiryWarning), outcome: check.Pass, says: "valid for 2d"},
		{about: "not known", chain: []*x509.Certificate{good}, authorities: []*x509.Certificate{}, outcome: check.Warn, code: check.CodeCAUnread, says: "it is not known whether the tenant's CA signed the certificate: you may not read it"},
	} {
		s := check.Subject{Tenant: "bhs", CAs: c.authorities, CAUnread: "you may not read it", Others: []check.Subject{{Tenant: "mhr", CAs: []*x509.Certificate{other.cert}}}}
		if c.authorities == nil {
			s.CAs = []*x509.Certificate{own.cert}
		}
		if c.now.IsZero() {
			c.now = now
		}
		got := endpoint.JudgeCertificate(c.chain, host, s, c.now)
		judged(t, c.about, got, c.outcome, c.code, c.says)
		if len(got.Details) != 2 {
			t.Errorf("%s: %q", c.about, got.Details)
		}
	}
}

// TestJudgeSeveralFaults checks that the most serious fault is the check's result, and that the
// others are among the details.
func TestJudgeSeveralFaults(t *testing.T) {
	own := newAuthority(t, "bhs-ca", longer)
	leaf := own.issue(func(c *x509.Certificate) {
		c.NotAfter, c.DNSNames, c.ExtKeyUsage = time.Now().Add(-time.Minute), []string{"other.example.com"}, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	}).Leaf
	c := endpoint.JudgeCertificate([]*x509.Certificate{leaf}, "web.bhs.orthweb.com", check.Subject{Tenant: "bhs", CAs: []*x509.Certificate{own.cert}}, time.Now())
	judged(t, "three faults", c, check.Fail, check.CodeServerExpired, "expired")
	want := []string{
		"also: the server's certificate is not for web.bhs.orthweb.com: it is for other.example.com, 127.0.0.1",
		"also: the server's certificate may not be used for a TLS server: its extended key usage has no serverAuth",
	}
	if !slices.Equal(c.Details[2:], want) {
		t.Errorf("%q", c.Details)
	}
}

// TestCertificateFixes checks that each fault of a server's certificate has one code, and a
// fix.
func TestCertificateFixes(t *testing.T) {
	codes := map[certs.FaultKind]int{}
	for _, r := range endpoint.CertificateFixes {
		for kind, fix := range r.Fixes {
			if codes[kind]++; fix == "" || r.Expected == "" || r.Code == "" {
				t.Errorf("%s: %+v", kind, r)
			}
		}
	}
	for _, kind := range certs.FaultKinds() {
		if want := 1; kind != certs.KeyMismatch && codes[kind] != want { // a server's key is unknown
			t.Errorf("%s has %d codes", kind, codes[kind])
		}
	}
}
