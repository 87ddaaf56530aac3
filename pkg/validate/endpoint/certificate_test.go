package endpoint

import (
	"crypto/x509"
	"slices"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/internal/checktest"
	"github.com/digihunch/kubectl-orthweb/internal/peers"
	"github.com/digihunch/kubectl-orthweb/pkg/certs"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// longer has a CA that is valid for longer than the certificates that it signs.
func longer(c *x509.Certificate) {
	c.NotBefore, c.NotAfter = time.Now().AddDate(-1, 0, 0), time.Now().AddDate(1, 0, 0)
}

func TestJudgeCertificate(t *testing.T) {
	own, other := peers.Issue(t, nil, "bhs-ca", longer), peers.Issue(t, nil, "mhr-ca", longer)
	namesake := peers.Issue(t, nil, "bhs-ca", nil)
	const host = "web.bhs.orthweb.com"
	now := time.Now()
	good := peers.Issue(t, own, host, nil).Certificate
	lower := peers.Issue(t, own, "below", func(c *x509.Certificate) {
		c.IsCA, c.KeyUsage, c.ExtKeyUsage = true, x509.KeyUsageCertSign, nil
	})
	for _, c := range []struct {
		about   string
		chain   []*x509.Certificate
		cas     []*x509.Certificate
		now     time.Time
		outcome check.Outcome
		code    finding.Code
		message string
	}{
		{about: "good", chain: []*x509.Certificate{good}, outcome: check.Pass, message: "signed by the tenant's CA, for " + host + ", valid for "},
		{about: "by an authority below", chain: []*x509.Certificate{peers.Issue(t, lower, host, nil).Certificate, lower.Certificate}, outcome: check.Pass, message: "signed by the tenant's CA"},
		{about: "by one below that isn't sent", chain: []*x509.Certificate{peers.Issue(t, lower, host, nil).Certificate}, outcome: check.Fail, code: check.CodeServerIssuerMissing, message: "the server's certificate was signed by CN=below, which is neither in the chain"},
		{about: "by either of two cas", chain: []*x509.Certificate{good}, cas: []*x509.Certificate{other.Certificate, own.Certificate}, outcome: check.Pass, message: "signed by"},
		{about: "ended", chain: []*x509.Certificate{good}, now: good.NotAfter, outcome: check.Fail, code: check.CodeServerExpired, message: "the server's certificate expired 0s ago"},
		{about: "not yet begun", chain: []*x509.Certificate{good}, now: good.NotBefore.Add(-time.Minute), outcome: check.Fail, code: check.CodeServerExpired, message: "is not yet valid: it becomes valid in 60s"},
		{about: "another name", chain: []*x509.Certificate{peers.Issue(t, own, host, func(c *x509.Certificate) { c.DNSNames = []string{"web.mhr.orthweb.com"} }).Certificate},
			outcome: check.Fail, code: check.CodeServerName, message: "is not for " + host},
		{about: "another tenant's", chain: []*x509.Certificate{peers.Issue(t, other, host, nil).Certificate}, outcome: check.Fail, code: check.CodeServerUntrusted, message: "was signed by the CA of tenant mhr"},
		{about: "an authority of the same name", chain: []*x509.Certificate{peers.Issue(t, namesake, host, nil).Certificate}, outcome: check.Fail, code: check.CodeServerOtherKey, message: "the name of the trusted CA, CN=bhs-ca, but with another key"},
		{about: "for clients alone", chain: []*x509.Certificate{peers.Issue(t, own, host, func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		}).Certificate}, outcome: check.Fail, code: check.CodeServerUsage, message: "has no serverAuth"},
		{about: "ends soon", chain: []*x509.Certificate{good}, now: good.NotAfter.Add(-47 * time.Hour), outcome: check.Warn, code: check.CodeServerEndsSoon, message: "expires in 47h"},
		{about: "ends soon enough", chain: []*x509.Certificate{good}, now: good.NotAfter.Add(-expiryWarning), outcome: check.Pass, message: "valid for 2d"},
		{about: "not known", chain: []*x509.Certificate{good}, cas: []*x509.Certificate{}, outcome: check.Warn, code: check.CodeCAUnread, message: "it is not known whether the tenant's CA signed the certificate: you may not read it"},
	} {
		s := check.Subject{Tenant: "bhs", CAs: c.cas, CAUnread: "you may not read it", Others: []check.Subject{{Tenant: "mhr", CAs: []*x509.Certificate{other.Certificate}}}}
		if c.cas == nil {
			s.CAs = []*x509.Certificate{own.Certificate}
		}
		if c.now.IsZero() {
			c.now = now
		}
		got := JudgeCertificate(c.chain, host, s, c.now)
		checktest.Expect(t, c.about, got, c.outcome, c.code, c.message)
		if len(got.Details) != 2 {
			t.Errorf("%s: %q", c.about, got.Details)
		}
	}
}

// TestJudgeSeveralFaults checks that the most serious fault is the check's result, and that the
// others are among the details.
func TestJudgeSeveralFaults(t *testing.T) {
	const host = "web.bhs.orthweb.com"
	own := peers.Issue(t, nil, "bhs-ca", longer)
	leaf := peers.Issue(t, own, host, func(c *x509.Certificate) {
		c.NotAfter, c.DNSNames, c.ExtKeyUsage = time.Now().Add(-time.Minute), []string{"other.example.com"}, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	}).Certificate
	c := JudgeCertificate([]*x509.Certificate{leaf}, host, check.Subject{Tenant: "bhs", CAs: []*x509.Certificate{own.Certificate}}, time.Now())
	checktest.Expect(t, "three faults", c, check.Fail, check.CodeServerExpired, "expired")
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
	for _, r := range certificateFixes {
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
