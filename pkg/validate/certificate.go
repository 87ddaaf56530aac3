package validate

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/digihunch/kubectl-orthweb/pkg/certs"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/probe"
)

// checkCertificate judges the certificate that the handshake has shown.
func (v *validation) checkCertificate(p Place, seen *probe.Handshake) func(context.Context) Check {
	return func(context.Context) Check {
		c := judgeCertificate(seen.Chain, p.Host, v.subject, v.options.Now())
		if c.Outcome == Fail && v.options.Insecure {
			c.Outcome = Warn
			c.Found += " (going on all the same: --insecure)"
		}
		return c
	}
}

// soon is from how long before its end on a server's certificate is warned of:
// cert-manager renews Korthweb's three days before.
const soon = 48 * time.Hour

// judgeCertificate checks a server's chain against the tenant's authorities, one
// thing after the other, so that each has its own words. It is pure.
func judgeCertificate(chain []*x509.Certificate, host string, s Subject, now time.Time) Check {
	leaf := chain[0]
	look := "kubectl orthweb cert list " + escape.ShellWord(s.Tenant)
	details := []string{
		"for " + orNone(certs.FormatRawSubject(leaf.RawSubject)) + ", by " + orNone(certs.FormatRawSubject(leaf.RawIssuer)),
		"good until " + leaf.NotAfter.UTC().Format(time.RFC3339),
	}
	with := func(c Check) Check {
		c.Details = details
		return c
	}
	if now.After(leaf.NotAfter) || now.Before(leaf.NotBefore) {
		return with(fail(codeServerExpired, fmt.Sprintf("the server's certificate is good from %s to %s, and it is %s", day(leaf.NotBefore), day(leaf.NotAfter), day(now)),
			"a certificate that is good now", finding.Fix{Text: "See why it was not renewed, and whether this machine's clock is right", Command: look}))
	}
	if err := leaf.VerifyHostname(host); err != nil {
		return with(fail(codeServerName, "the server's certificate is not for "+host+": "+err.Error(), "a certificate for "+host,
			finding.Fix{Text: "Add the name to spec.dnsNames of the tenant's Certificate, or see which Gateway answers", Command: look}))
	}
	if len(s.Authorities) == 0 {
		return with(warn(codeAuthorityUnread, "whether the tenant's authority signed it is not known: "+s.Unread, "the tenant's authority to compare with",
			finding.Fix{Text: "Give the authority's certificate with --ca"}))
	}
	if err := signed(chain, s.Authorities, now); err != nil {
		return with(fail(codeServerUntrusted, "the server's certificate was not signed by the tenant's authority "+certs.FormatRawSubject(s.Authorities[0].RawSubject)+": "+err.Error(),
			"a certificate of the tenant's own authority", finding.Fix{
				Text:    "See whose certificate is served: another tenant's Gateway may answer, or the ingress still has an old one",
				Command: look,
			}))
	}
	if left := leaf.NotAfter.Sub(now); left < soon {
		return with(warn(codeServerEndsSoon, "the server's certificate ends in "+duration.HumanDuration(left), "a certificate that was renewed before",
			finding.Fix{Text: "See why it was not renewed", Command: look}))
	}
	return pass("signed by the tenant's authority, for "+host+", good for "+duration.HumanDuration(leaf.NotAfter.Sub(now)), details...)
}

// signed checks a chain as a client does that trusts the authorities.
func signed(chain, authorities []*x509.Certificate, now time.Time) error {
	options := x509.VerifyOptions{
		Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(), CurrentTime: now,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, ca := range authorities {
		options.Roots.AddCert(ca)
	}
	for _, ca := range chain[1:] {
		options.Intermediates.AddCert(ca)
	}
	_, err := chain[0].Verify(options)
	var unknown x509.UnknownAuthorityError
	if errors.As(err, &unknown) && bytes.Equal(chain[len(chain)-1].RawIssuer, authorities[0].RawSubject) {
		return errors.New("an authority of the same name, but another key, did")
	}
	return err
}

func day(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

func orNone(text string) string {
	if text == "" {
		return "nobody named"
	}
	return text
}
