package validate

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/probe"
)

func TestJudgeTLS(t *testing.T) {
	p := Place{Host: "web.bhs.orthweb.com", Port: 443}
	for _, c := range []struct {
		about   string
		version uint16
		err     error
		outcome Outcome
		code    finding.Code
		says    string
	}{
		{about: "1.3", version: tls.VersionTLS13, outcome: Pass, says: "TLS 1.3, TLS_AES_128_GCM_SHA256"},
		{about: "1.2", version: tls.VersionTLS12, outcome: Pass, says: "TLS 1.2, "},
		{about: "1.1", version: tls.VersionTLS11, outcome: Fail, code: codeOldTLS, says: "it speaks TLS 1.1"},
		{about: "1.0", version: tls.VersionTLS10, outcome: Fail, code: codeOldTLS, says: "it speaks TLS 1.0"},
		{about: "none", err: errors.New("it does not speak TLS"), outcome: Fail, code: codeNoTLS, says: "it does not speak TLS"},
		{about: "not known", err: fmt.Errorf("TLS: %w", context.DeadlineExceeded), outcome: Fail, code: codeNoTLS, says: "no answer in time"},
	} {
		judged(t, c.about, judgeTLS(probe.Handshake{Version: c.version, CipherSuite: tls.TLS_AES_128_GCM_SHA256}, c.err, p, "bhs"), c.outcome, c.code, c.says)
	}
}

func TestJudgeCertificate(t *testing.T) {
	own, other := newAuthority(t, "bhs-ca"), newAuthority(t, "mhr-ca")
	namesake := newAuthority(t, "bhs-ca")
	now, host := time.Now(), "web.bhs.orthweb.com"
	good := own.issue().Leaf
	below := own.issue(func(c *x509.Certificate) { // an authority below the tenant's
		c.IsCA, c.BasicConstraintsValid, c.KeyUsage, c.ExtKeyUsage = true, true, x509.KeyUsageCertSign, nil
	})
	lower := authority{t: t, cert: below.Leaf, key: keyOf(below)}
	for _, c := range []struct {
		about       string
		chain       []*x509.Certificate
		authorities []*x509.Certificate
		now         time.Time
		outcome     Outcome
		code        finding.Code
		says        string
	}{
		{about: "good", chain: []*x509.Certificate{good}, outcome: Pass, says: "signed by the tenant's authority, for " + host + ", good for "},
		{about: "by an authority below", chain: []*x509.Certificate{lower.issue().Leaf, lower.cert}, outcome: Pass, says: "signed by the tenant's authority"},
		{about: "by one below that isn't sent", chain: []*x509.Certificate{lower.issue().Leaf}, outcome: Fail, code: codeServerUntrusted, says: "unknown authority"},
		{about: "by either of two authorities", chain: []*x509.Certificate{good}, authorities: []*x509.Certificate{other.cert, own.cert}, outcome: Pass, says: "signed by"},
		{about: "ended", chain: []*x509.Certificate{good}, now: now.AddDate(0, 2, 0), outcome: Fail, code: codeServerExpired, says: "is good from "},
		{about: "not yet begun", chain: []*x509.Certificate{good}, now: now.AddDate(0, -1, 0), outcome: Fail, code: codeServerExpired, says: "is good from "},
		{about: "another name", chain: []*x509.Certificate{own.issue(func(c *x509.Certificate) { c.DNSNames = []string{"web.mhr.orthweb.com"} }).Leaf},
			outcome: Fail, code: codeServerName, says: "is not for " + host},
		{about: "another tenant's", chain: []*x509.Certificate{other.issue().Leaf}, outcome: Fail, code: codeServerUntrusted, says: "not signed by the tenant's authority CN=bhs-ca: "},
		{about: "an authority of the same name", chain: []*x509.Certificate{namesake.issue().Leaf}, outcome: Fail, code: codeServerUntrusted, says: "the same name, but another key"},
		{about: "for clients alone", chain: []*x509.Certificate{own.issue(func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		}).Leaf}, outcome: Fail, code: codeServerUntrusted, says: "incompatible key usage"},
		{about: "ends soon", chain: []*x509.Certificate{good}, now: good.NotAfter.Add(-47 * time.Hour), outcome: Warn, code: codeServerEndsSoon, says: "ends in 47h"},
		{about: "ends soon enough", chain: []*x509.Certificate{good}, now: good.NotAfter.Add(-soon), outcome: Pass, says: "good for 2d"},
		{about: "not known", chain: []*x509.Certificate{good}, authorities: []*x509.Certificate{}, outcome: Warn, code: codeAuthorityUnread, says: "is not known: you may not read it"},
	} {
		s := Subject{Tenant: "bhs", Authorities: c.authorities, Unread: "you may not read it"}
		if c.authorities == nil {
			s.Authorities = []*x509.Certificate{own.cert}
		}
		if c.now.IsZero() {
			c.now = now
		}
		got := judgeCertificate(c.chain, host, s, c.now)
		judged(t, c.about, got, c.outcome, c.code, c.says)
		if len(got.Details) != 2 {
			t.Errorf("%s: %q", c.about, got.Details)
		}
	}
}
