package plugin

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/certs"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// clientOf returns the client's certificate: the user's, or a short-lived one from the
// tenant's own issuer.
func (o *validateOptions) clientOf(snap *snapshot.Snapshot, t tenant.Tenant) func(context.Context) (*tls.Certificate, error) {
	certificate := o.client.certificate
	if certificate == nil {
		return o.shortLived(snap, t)
	}
	return func(context.Context) (*tls.Certificate, error) { return certificate, nil }
}

// readClients reads the user's certificates, and rejects those that no server could
// accept, before any connection.
func (o *validateOptions) readClients(ctx context.Context) error {
	for _, given := range []struct {
		files *clientFiles
		flag  string
	}{{&o.client, "--cert"}, {&o.others.client, "--other-cert"}} {
		if !given.files.given() {
			continue
		}
		certificate, err := given.files.read(ctx, o.call)
		if err != nil {
			return err
		}
		given.files.certificate = certificate
		flag := given.flag
		if given.files.p12File != "" {
			flag = "--p12"
		}
		if err := checkClient(certificate, flag, time.Now()); err != nil {
			return err
		}
	}
	return nil
}

// unacceptable are the faults for which every server rejects a client's certificate,
// with a hint for each.
var unacceptable = map[certs.FaultKind]string{
	certs.KeyMismatch: "Specify the key that the certificate was requested with.",
	certs.Expired:     "Issue a new one: kubectl orthweb cert issue TENANT. If it should still be valid, check this machine's clock.",
	certs.WrongUsage:  "Issue a certificate for TLS clients (clientAuth): kubectl orthweb cert issue TENANT.",
}

// checkClient returns an error if no server could accept the certificate.
func checkClient(certificate *tls.Certificate, flag string, now time.Time) error {
	for _, f := range certs.Judge(presentedBy(certificate, now)) {
		if hint, ok := unacceptable[f.Kind]; ok && f.OfLeaf() {
			return advice.Add(errors.New(f.Describe("the certificate of "+flag)), "%s", hint)
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

// warnOfClient warns of faults of the user's certificate that only the server can judge:
// the Gateway may trust more than the tenant's CA. With --ca the tenant's CA is not
// known.
func (o *validateOptions) warnOfClient(s *check.Subject, now time.Time) {
	if o.client.certificate == nil {
		return
	}
	p := presentedBy(o.client.certificate, now)
	if o.ca == "" {
		p.Trusted = s.CAs
		for _, other := range s.Others {
			for _, ca := range other.CAs {
				p.Others = append(p.Others, certs.KnownCA{Owner: "tenant " + other.Tenant, Certificate: ca})
			}
		}
	}
	for _, f := range certs.Judge(p) {
		s.ClientFaults = append(s.ClientFaults, f.Describe("the client certificate"))
	}
	for _, fault := range s.ClientFaults {
		escape.Fprintf(o.call.Streams.ErrOut, "Warning: %s. A server may reject it.\n", fault)
	}
}

// clientLifetime is how long a certificate that is issued for a validation is valid.
const clientLifetime = time.Hour

// shortLived issues a client certificate with the tenant's issuer when it is first
// needed, and keeps its key in memory.
func (o *validateOptions) shortLived(snap *snapshot.Snapshot, t tenant.Tenant) func(context.Context) (*tls.Certificate, error) {
	return newClientCertificate(func(ctx context.Context) (*tls.Certificate, error) {
		return o.issueShortLived(ctx, snap, t)
	}).get
}

func (o *validateOptions) issueShortLived(ctx context.Context, snap *snapshot.Snapshot, t tenant.Tenant) (*tls.Certificate, error) {
	quiet := *o.call
	quiet.Streams.ErrOut = io.Discard
	issue := &certIssueOptions{
		call: &quiet, via: viaIssuer, timeout: o.timeout,
		certRequest: certRequest{algorithm: string(certs.ECDSA)},
		lifetime:    lifetime{asked: clientLifetime, byDefault: true},
	}
	target, err := newTarget(snap, t, "", "")
	if err != nil {
		return nil, err
	}
	if err := issue.certRequest.make(ctx, target.domain, func(string) {}); err != nil {
		return nil, err
	}
	chain, _, err := issue.sign(ctx, target)
	if err != nil {
		return nil, err
	}
	return pair(chain, issue.key)
}

func pair(chain []*x509.Certificate, key any) (*tls.Certificate, error) {
	if len(chain) == 0 || key == nil {
		return nil, errors.New("a client certificate requires its key")
	}
	certificate := &tls.Certificate{PrivateKey: key, Leaf: chain[0]}
	for _, c := range chain {
		certificate.Certificate = append(certificate.Certificate, c.Raw)
	}
	return certificate, nil
}
