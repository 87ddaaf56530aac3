package plugin

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/digihunch/kubectl-orthweb/pkg/certs"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/issuance"
)

// sign has the request signed, and makes sure that what came back is what was
// asked for. The chain has the new certificate first; ca is what it ends in.
func (o *certIssueOptions) sign(ctx context.Context, t target) (chain, ca []*x509.Certificate, err error) {
	duration, shortened, err := o.lifetime.until(t.end, t.now)
	if err != nil {
		return nil, nil, err
	}
	if shortened {
		o.sayShortened(t.end)
	}
	sign := o.signByIssuer
	if o.via == viaSecret {
		sign = o.signBySecret
	}
	chain, ca, err = sign(ctx, t, duration)
	var outlived *certs.OutlivesError
	if errors.As(err, &outlived) {
		// The authority's end could not be seen before.
		if duration, _, err = o.lifetime.until(outlived.Until, t.now); err != nil {
			return nil, nil, err
		}
		o.sayShortened(outlived.Until)
		chain, ca, err = sign(ctx, t, duration)
	}
	return chain, ca, err
}

func (o *certIssueOptions) sayShortened(end time.Time) {
	escape.Fprintf(o.facts.streams.ErrOut, "The authority ends at %s, and the certificate with it.\n", end.Format(time.RFC3339))
}

func (o *certIssueOptions) signByIssuer(ctx context.Context, t target, duration time.Duration) (chain, ca []*x509.Certificate, err error) {
	config, err := o.facts.config()
	if err != nil {
		return nil, nil, err
	}
	client, err := issuance.NewClient(config)
	if err != nil {
		return nil, nil, err
	}
	limited, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	o.progress(fmt.Sprintf("Having it signed by %s/%s in %s", t.issuer.Kind, t.issuer.Name, t.namespace))
	signed, err := client.Request(limited, issuance.Order{
		Namespace: t.namespace, Prefix: o.request.prefix(), Issuer: t.issuer, Request: o.request.pem,
		Duration: duration, Usages: certs.Usages(o.request.content.PublicKey), Keep: o.keep,
	}, o.progress)
	if err != nil {
		return nil, nil, o.explainRequest(ctx, err, t)
	}
	if chain, err = certs.ParseCertificates(signed.Certificate); err != nil {
		return nil, nil, fmt.Errorf("reading what %s signed: %w", t.issuer.Name, err)
	}
	if len(signed.CA) > 0 {
		if ca, err = certs.ParseCertificates(signed.CA); err != nil {
			return nil, nil, fmt.Errorf("reading the authority that %s named: %w", t.issuer.Name, err)
		}
	}
	if err := certs.CheckIssued(o.request.content, chain, ca, t.now); err != nil {
		return nil, nil, fmt.Errorf("%s/%s signed something else than was asked for, which is not used: %w", t.issuer.Kind, t.issuer.Name, err)
	}
	return chain, ca, nil
}

// explainRequest says what to do about a request that was not signed.
func (o *certIssueOptions) explainRequest(ctx context.Context, err error, t target) error {
	var denied *issuance.DeniedError
	var failed *issuance.FailedError
	var waiting *issuance.WaitingError
	look := escape.Command("kubectl orthweb explain %s/%s -n %s", strings.ToLower(t.issuer.Kind), t.issuer.Name, t.namespace)
	if t.issuer.Group != health.IssuerKind.Group {
		look = escape.Command("kubectl describe %s.%s/%s -n %s", strings.ToLower(t.issuer.Kind), t.issuer.Group, t.issuer.Name, t.namespace)
	}
	switch {
	case errors.As(err, &denied):
		return withHint(err, "An approver of this cluster refused it. Ask whoever sets its policy, or ask for other names, usages or a shorter --duration.")
	case errors.As(err, &failed):
		return withHint(err, "It won't be tried again. See why: %s", look)
	case errors.As(err, &waiting) && !waiting.Approved:
		return withHint(outOfTime{err}, "Run it again with a longer --timeout, and have it approved meanwhile:\n  cmctl approve -n %s NAME", shellWord(t.namespace))
	case errors.As(err, &waiting):
		return withHint(outOfTime{err}, "See what keeps the issuer: %s", look)
	case errors.Is(err, issuance.ErrNotServed):
		return withHint(err, "Is cert-manager installed? See: kubectl orthweb status")
	case apierrors.IsForbidden(err):
		return withHint(err, "Ask for the right to create, get and delete certificaterequests.cert-manager.io there (docs/rbac.md has the Role).")
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return whenGone(ctx, err)
}

func (o *certIssueOptions) signBySecret(ctx context.Context, t target, duration time.Duration) (chain, ca []*x509.Certificate, err error) {
	config, err := o.facts.config()
	if err != nil {
		return nil, nil, err
	}
	namespace, name, known := strings.Cut(t.secret, "/")
	if !known {
		return nil, nil, withHint(fmt.Errorf("which Secret has the key of the authority of %s/%s?", t.issuer.Kind, t.issuer.Name), "Name it with --ca-secret.")
	}
	escape.Fprintf(o.facts.streams.ErrOut, "Warning: this takes the right to read Secret %s, the authority's private key.\nAnyone with that right can sign a certificate for anybody. --via issuer does without.\n", t.secret)
	secret, err := issuance.Secret(ctx, config, namespace, name)
	switch {
	case apierrors.IsForbidden(err):
		return nil, nil, withHint(err, "Leave --via out: having it signed by the issuer needs no right to read Secrets.")
	case apierrors.IsNotFound(err):
		return nil, nil, withHint(err, "Name the authority's Secret with --ca-secret. See which there are: kubectl orthweb cert list")
	case err != nil:
		return nil, nil, whenGone(ctx, err)
	}
	authority, err := certs.ParseAuthority(secret.Data["tls.crt"], secret.Data["tls.key"], secret.Data["ca.crt"])
	if err != nil {
		return nil, nil, fmt.Errorf("the authority in Secret %s: %w", t.secret, err)
	}
	if chain, err = authority.Sign(o.request.content, t.now, duration); err != nil {
		return nil, nil, err
	}
	above := append([]*x509.Certificate{authority.Certificate}, authority.Chain...)
	ca = above[len(above)-1:]
	return chain, ca, certs.CheckIssued(o.request.content, chain, above, t.now)
}
