package target

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/certs"
	"github.com/digihunch/kubectl-orthweb/pkg/certs/issue"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// unacceptable are the faults for which every server rejects a client's certificate,
// with a hint for each.
var unacceptable = map[certs.FaultKind]string{
	certs.KeyMismatch: "Specify the key that the certificate was requested with.",
	certs.Expired:     "Issue a new one: kubectl orthweb cert issue TENANT. If it should still be valid, check this machine's clock.",
	certs.WrongUsage:  "Issue a certificate for TLS clients (clientAuth): kubectl orthweb cert issue TENANT.",
}

// CheckClient returns an error if no server could accept the certificate, which the error
// calls by the name: "the certificate of --cert".
func CheckClient(certificate *tls.Certificate, name string, now time.Time) error {
	for _, f := range certs.Judge(presentedBy(certificate, now)) {
		if hint, ok := unacceptable[f.Kind]; ok && f.OfLeaf() {
			return advice.Add(errors.New(f.Describe(name)), "%s", hint)
		}
	}
	return nil
}

// presentedBy is the description of a client's certificate that is checked.
func presentedBy(certificate *tls.Certificate, now time.Time) certs.Presented {
	p := certs.Presented{Role: certs.Client, Chain: chainOf(certificate), Now: now}
	if signer, ok := certificate.PrivateKey.(crypto.Signer); ok {
		p.Key = signer.Public()
	}
	return p
}

// chainOf are the certificates of a client.
func chainOf(certificate *tls.Certificate) []*x509.Certificate {
	chain := []*x509.Certificate{certificate.Leaf}
	for _, der := range certificate.Certificate[1:] {
		if above, err := x509.ParseCertificate(der); err == nil {
			chain = append(chain, above)
		}
	}
	return chain
}

// clientFaults are the faults of the user's certificate that only the server can judge: the
// Gateway may trust more than the tenant's CA. The CAs that the user specified do not show
// which CA is the tenant's.
func (d *describer) clientFaults(s check.Subject) []string {
	if d.Client == nil {
		return nil
	}
	p := presentedBy(d.Client, d.snap.Meta().At)
	if len(d.CAs) == 0 {
		p.Trusted = s.CAs
		for _, other := range s.Others {
			for _, ca := range other.CAs {
				p.Others = append(p.Others, certs.KnownCA{Owner: "tenant " + other.Tenant, Certificate: ca})
			}
		}
	}
	var faults []string
	for _, f := range certs.Judge(p) {
		faults = append(faults, f.Describe("the client certificate"))
	}
	return faults
}

// clientOf returns the client's certificate: the user's, or a short-lived one from the
// tenant's own issuer. It is nil if there is none.
func (d *describer) clientOf(t tenant.Tenant) func(context.Context) (*tls.Certificate, error) {
	if d.Client != nil {
		return func(context.Context) (*tls.Certificate, error) { return d.Client, nil }
	}
	if d.ReadOnly {
		return nil
	}
	return newClientCertificate(func(ctx context.Context) (*tls.Certificate, error) { return d.issue(ctx, t) }).get
}

// clientLifetime is how long a certificate that is issued for a validation is valid.
const clientLifetime = time.Hour

// issue issues a client certificate with the tenant's issuer, and keeps its key in memory.
func (d *describer) issue(ctx context.Context, t tenant.Tenant) (*tls.Certificate, error) {
	plan, err := issue.NewPlan(d.snap, t, issue.Options{
		Via: issue.ViaIssuer, Timeout: d.Timeout, Request: issue.Request{Algorithm: certs.ECDSA},
		Lifetime: issue.Lifetime{Duration: clientLifetime, Shorten: true},
	})
	if err != nil {
		return nil, err
	}
	issued, err := plan.Issue(ctx, d.config, issue.Reporter{})
	if err != nil {
		return nil, err
	}
	return certs.KeyPair(issued.Chain, issued.Key)
}
