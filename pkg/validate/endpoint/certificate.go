package endpoint

import (
	"crypto/x509"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/digihunch/kubectl-orthweb/pkg/certs"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// expiryWarning is how long before its expiry a server's certificate leads to a warning:
// cert-manager renews Korthweb's three days before.
const expiryWarning = 48 * time.Hour

// JudgeCertificate judges a server's chain as a client of the tenant does. The most serious
// fault determines the check, and the others are details. It is pure.
func JudgeCertificate(chain []*x509.Certificate, host string, s check.Subject, now time.Time) check.Check {
	leaf := chain[0]
	look := "kubectl orthweb cert list " + escape.ShellWord(s.Tenant)
	details := []string{
		"subject " + orNone(certs.FormatRawSubject(leaf.RawSubject)) + ", issuer " + orNone(certs.FormatRawSubject(leaf.RawIssuer)),
		"valid until " + leaf.NotAfter.UTC().Format(time.RFC3339),
	}
	faults := certs.Judge(certs.Presented{Role: certs.Server, Chain: chain, Host: host, Trusted: s.CAs, Others: knownCAs(s.Others), Now: now})
	left := leaf.NotAfter.Sub(now)
	var c check.Check
	switch {
	case len(faults) > 0:
		c = failCertificate(faults[0], look)
		for _, f := range faults[1:] {
			details = append(details, "also: "+f.Describe(serverCertificate))
		}
	case len(s.CAs) == 0:
		c = check.Warned(check.CodeCAUnread, "it is not known whether the tenant's CA signed the certificate: "+s.CAUnread, "a certificate signed by the tenant's CA",
			finding.Fix{Text: "Specify the CA's certificate with --ca"})
	case left < expiryWarning:
		c = check.Warned(check.CodeServerEndsSoon, "the server's certificate expires in "+duration.HumanDuration(left), "a certificate that is renewed in time",
			finding.Fix{Text: "Check why it was not renewed", Command: look})
	default:
		c = check.Passed("signed by the tenant's CA, for " + host + ", valid for " + duration.HumanDuration(left))
	}
	c.Details = details
	return c
}

// knownCAs are the CAs of other tenants, with their names.
func knownCAs(others []check.Subject) []certs.KnownCA {
	var known []certs.KnownCA
	for _, other := range others {
		for _, ca := range other.CAs {
			known = append(known, certs.KnownCA{Owner: "tenant " + other.Tenant, Certificate: ca})
		}
	}
	return known
}

// serverCertificate is the name of the judged certificate in messages.
const serverCertificate = "the server's certificate"

// failCertificate is the check for a fault.
func failCertificate(f certs.Fault, look string) check.Check {
	for _, r := range certificateFixes {
		if text, ok := r.Fixes[f.Kind]; ok {
			return check.Failed(r.Code, f.Describe(serverCertificate), r.Expected, finding.Fix{Text: text, Command: look})
		}
	}
	return check.Failed("", f.Describe(serverCertificate), "", finding.Fix{}) // TestCertificateFixes has one for each kind
}

func orNone(text string) string {
	if text == "" {
		return "(empty)"
	}
	return text
}
