package issue

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/certs"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/issuance"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/request"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// byIssuer has cert-manager sign the request in the cluster.
func (s *signing) byIssuer(ctx context.Context, duration time.Duration) (Certificate, error) {
	client, err := issuance.NewClient(s.config)
	if err != nil {
		return Certificate{}, err
	}
	limited, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	s.report.step(fmt.Sprintf("Waiting for %s/%s in %s to sign the request", s.Issuer.Kind, s.Issuer.Name, s.Namespace))
	signed, err := client.Request(limited, issuance.Order{
		Namespace: s.Namespace, Prefix: s.prefix(), Issuer: s.Issuer, Request: certs.EncodeRequest(s.content),
		Duration: duration, Usages: certs.Usages(s.content.PublicKey), Keep: s.options.KeepRequest,
	}, s.report.step)
	if err != nil {
		return Certificate{}, s.explain(ctx, err)
	}
	var issued Certificate
	if issued.Chain, err = certs.ParseCertificates(signed.Certificate); err != nil {
		return Certificate{}, fmt.Errorf("reading the certificate that %s signed: %w", s.Issuer.Name, err)
	}
	if len(signed.CA) > 0 {
		if issued.CA, err = certs.ParseCertificates(signed.CA); err != nil {
			return Certificate{}, fmt.Errorf("reading the CA's certificate that %s returned: %w", s.Issuer.Name, err)
		}
	}
	if err := certs.CheckIssued(s.content, issued.Chain, issued.CA, s.At); err != nil {
		return Certificate{}, fmt.Errorf("%s/%s signed a certificate that differs from the request, and it is discarded: %w", s.Issuer.Kind, s.Issuer.Name, err)
	}
	return issued, nil
}

// explain adds a hint to the error of a request that was not signed.
func (s *signing) explain(ctx context.Context, err error) error {
	var denied *issuance.DeniedError
	var failed *issuance.FailedError
	var waiting *issuance.WaitingError
	look := escape.Command("kubectl orthweb explain %s/%s -n %s", strings.ToLower(s.Issuer.Kind), s.Issuer.Name, s.Namespace)
	if s.Issuer.Group != object.IssuerKind.Group {
		look = escape.Command("kubectl describe %s.%s/%s -n %s", strings.ToLower(s.Issuer.Kind), s.Issuer.Group, s.Issuer.Name, s.Namespace)
	}
	switch {
	case errors.As(err, &denied):
		return advice.Add(err, "An approver of this cluster denied it. Contact the administrator of its policy, or request other names, usages or a shorter --duration.")
	case errors.As(err, &failed):
		return advice.Add(err, "It will not be retried. See why: %s", look)
	case errors.As(err, &waiting) && !waiting.Approved:
		return advice.Add(err, "Run the command again with a longer --timeout, and approve the request in the meantime:\n  cmctl approve -n %s NAME", escape.ShellWord(s.Namespace))
	case errors.As(err, &waiting):
		return advice.Add(err, "See the state of the issuer: %s", look)
	case errors.Is(err, issuance.ErrNotServed):
		return advice.Add(err, "Check that cert-manager is installed: kubectl orthweb status")
	case apierrors.IsForbidden(err):
		return advice.Add(err, "Request permission to create, get and delete certificaterequests.cert-manager.io in this namespace (docs/rbac.md has the Role).")
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return request.WhenUnreachable(ctx, err)
}
