package plugin

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/certs"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/issuance"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

// sign has the request signed, and checks that the certificate is the one that was
// requested. The chain starts with the new certificate; ca is what it ends in.
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
		// The end of the CA was not known before.
		if duration, _, err = o.lifetime.until(outlived.Until, t.now); err != nil {
			return nil, nil, err
		}
		o.sayShortened(outlived.Until)
		chain, ca, err = sign(ctx, t, duration)
	}
	return chain, ca, err
}

func (o *certIssueOptions) sayShortened(end time.Time) {
	escape.Fprintf(o.call.Streams.ErrOut, "The CA's certificate expires at %s, and the new certificate with it.\n", end.Format(time.RFC3339))
}

func (o *certIssueOptions) signByIssuer(ctx context.Context, t target, duration time.Duration) (chain, ca []*x509.Certificate, err error) {
	config, err := o.call.Config()
	if err != nil {
		return nil, nil, err
	}
	client, err := issuance.NewClient(config)
	if err != nil {
		return nil, nil, err
	}
	limited, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	o.progress(fmt.Sprintf("Waiting for %s/%s in %s to sign the request", t.issuer.Kind, t.issuer.Name, t.namespace))
	signed, err := client.Request(limited, issuance.Order{
		Namespace: t.namespace, Prefix: o.certRequest.prefix(), Issuer: t.issuer, Request: o.certRequest.pem,
		Duration: duration, Usages: certs.Usages(o.certRequest.content.PublicKey), Keep: o.keep,
	}, o.progress)
	if err != nil {
		return nil, nil, o.explainRequest(ctx, err, t)
	}
	if chain, err = certs.ParseCertificates(signed.Certificate); err != nil {
		return nil, nil, fmt.Errorf("reading the certificate that %s signed: %w", t.issuer.Name, err)
	}
	if len(signed.CA) > 0 {
		if ca, err = certs.ParseCertificates(signed.CA); err != nil {
			return nil, nil, fmt.Errorf("reading the CA's certificate that %s returned: %w", t.issuer.Name, err)
		}
	}
	if err := certs.CheckIssued(o.certRequest.content, chain, ca, t.now); err != nil {
		return nil, nil, fmt.Errorf("%s/%s signed a certificate that differs from the request, and it is discarded: %w", t.issuer.Kind, t.issuer.Name, err)
	}
	return chain, ca, nil
}

// explainRequest adds to an error what to do about a request that was not signed.
func (o *certIssueOptions) explainRequest(ctx context.Context, err error, t target) error {
	var denied *issuance.DeniedError
	var failed *issuance.FailedError
	var waiting *issuance.WaitingError
	look := escape.Command("kubectl orthweb explain %s/%s -n %s", strings.ToLower(t.issuer.Kind), t.issuer.Name, t.namespace)
	if t.issuer.Group != object.IssuerKind.Group {
		look = escape.Command("kubectl describe %s.%s/%s -n %s", strings.ToLower(t.issuer.Kind), t.issuer.Group, t.issuer.Name, t.namespace)
	}
	switch {
	case errors.As(err, &denied):
		return advice.Add(err, "An approver of this cluster denied it. Contact the administrator of its policy, or request other names, usages or a shorter --duration.")
	case errors.As(err, &failed):
		return advice.Add(err, "It will not be retried. See why: %s", look)
	case errors.As(err, &waiting) && !waiting.Approved:
		return advice.Add(command.TimedOut{Err: err}, "Run the command again with a longer --timeout, and approve the request in the meantime:\n  cmctl approve -n %s NAME", escape.ShellWord(t.namespace))
	case errors.As(err, &waiting):
		return advice.Add(command.TimedOut{Err: err}, "See the state of the issuer: %s", look)
	case errors.Is(err, issuance.ErrNotServed):
		return advice.Add(err, "Check that cert-manager is installed: kubectl orthweb status")
	case apierrors.IsForbidden(err):
		return advice.Add(err, "Request permission to create, get and delete certificaterequests.cert-manager.io in this namespace (docs/rbac.md has the Role).")
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return command.WhenUnreachable(ctx, err)
}

func (o *certIssueOptions) signBySecret(ctx context.Context, t target, duration time.Duration) (chain, ca []*x509.Certificate, err error) {
	config, err := o.call.Config()
	if err != nil {
		return nil, nil, err
	}
	namespace, name, known := strings.Cut(t.secret, "/")
	if !known {
		return nil, nil, advice.Add(fmt.Errorf("the Secret with the CA's key of %s/%s is not known", t.issuer.Kind, t.issuer.Name), "Specify it with --ca-secret.")
	}
	escape.Fprintf(o.call.Streams.ErrOut, "Warning: this requires permission to read Secret %s, which holds the CA's private key.\nAny user with that permission can sign a certificate for any client. --via issuer does not require it.\n", t.secret)
	secret, err := issuance.Secret(ctx, config, namespace, name)
	switch {
	case apierrors.IsForbidden(err):
		return nil, nil, advice.Add(err, "Remove --via: signing by the issuer requires no permission to read Secrets.")
	case apierrors.IsNotFound(err):
		return nil, nil, advice.Add(err, "Specify the CA's Secret with --ca-secret. List the Secrets: kubectl orthweb cert list")
	case err != nil:
		return nil, nil, command.WhenUnreachable(ctx, err)
	}
	authority, err := certs.ParseAuthority(secret.Data["tls.crt"], secret.Data["tls.key"], secret.Data["ca.crt"])
	if err != nil {
		return nil, nil, fmt.Errorf("reading the CA in Secret %s: %w", t.secret, err)
	}
	if chain, err = authority.Sign(o.certRequest.content, t.now, duration); err != nil {
		return nil, nil, err
	}
	above := append([]*x509.Certificate{authority.Certificate}, authority.Chain...)
	ca = above[len(above)-1:]
	return chain, ca, certs.CheckIssued(o.certRequest.content, chain, above, t.now)
}
