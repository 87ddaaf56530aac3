package plugin

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/certs"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// clientOf gets the client's certificate: the user's, or a short-lived one of the
// tenant's own issuer.
func (o *validateOptions) clientOf(ctx context.Context, snap *snapshot.Snapshot, t tenant.Tenant) (func(context.Context) (*tls.Certificate, error), error) {
	if !o.client.given() {
		return o.shortLived(snap, t), nil
	}
	certificate, err := o.client.read(ctx, o.facts)
	if err != nil {
		return nil, err
	}
	return func(context.Context) (*tls.Certificate, error) { return certificate, nil }, nil
}

// clientLifetime is for how long a certificate is good that is made for a
// validation alone.
const clientLifetime = time.Hour

// shortLived has a client certificate signed by the tenant's issuer, when it is
// first needed, and keeps its key in memory.
func (o *validateOptions) shortLived(snap *snapshot.Snapshot, t tenant.Tenant) func(context.Context) (*tls.Certificate, error) {
	return newClientCertificate(func(ctx context.Context) (*tls.Certificate, error) {
		return o.issueShortLived(ctx, snap, t)
	}).get
}

func (o *validateOptions) issueShortLived(ctx context.Context, snap *snapshot.Snapshot, t tenant.Tenant) (*tls.Certificate, error) {
	quiet := *o.facts
	quiet.streams.ErrOut = io.Discard
	issue := &certIssueOptions{
		facts: &quiet, via: viaIssuer, timeout: o.timeout,
		request:  request{algorithm: string(certs.ECDSA)},
		lifetime: lifetime{asked: clientLifetime, byDefault: true},
	}
	target, err := newTarget(snap, t, "", "")
	if err != nil {
		return nil, err
	}
	if err := issue.request.make(ctx, target.domain, func(string) {}); err != nil {
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
		return nil, errors.New("a client certificate needs its key")
	}
	certificate := &tls.Certificate{PrivateKey: key, Leaf: chain[0]}
	for _, c := range chain {
		certificate.Certificate = append(certificate.Certificate, c.Raw)
	}
	return certificate, nil
}
