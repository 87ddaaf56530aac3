package issue

import (
	"context"
	"crypto/x509"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/certs"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/issuance"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/request"
)

// bySecret signs the request here, with the CA's key from its Secret.
func (s *signing) bySecret(ctx context.Context, duration time.Duration) (Certificate, error) {
	namespace, name, known := strings.Cut(s.Secret, "/")
	if !known {
		return Certificate{}, advice.Add(fmt.Errorf("the Secret with the CA's key of %s/%s is not known", s.Issuer.Kind, s.Issuer.Name), "Specify it with --ca-secret.")
	}
	s.report.notice("Warning: this requires permission to read Secret " + s.Secret + ", which holds the CA's private key.")
	s.report.notice("Any user with that permission can sign a certificate for any client. --via issuer does not require it.")
	secret, err := issuance.Secret(ctx, s.config, namespace, name)
	switch {
	case apierrors.IsForbidden(err):
		return Certificate{}, advice.Add(err, "Remove --via: signing by the issuer requires no permission to read Secrets.")
	case apierrors.IsNotFound(err):
		return Certificate{}, advice.Add(err, "Specify the CA's Secret with --ca-secret. List the Secrets: kubectl orthweb cert list")
	case err != nil:
		return Certificate{}, request.WhenUnreachable(ctx, err)
	}
	ca, err := certs.ParseCA(secret.Data["tls.crt"], secret.Data["tls.key"], secret.Data["ca.crt"])
	if err != nil {
		return Certificate{}, fmt.Errorf("reading the CA in Secret %s: %w", s.Secret, err)
	}
	chain, err := ca.Sign(s.content, s.At, duration)
	if err != nil {
		return Certificate{}, err
	}
	above := append([]*x509.Certificate{ca.Certificate}, ca.Chain...)
	if err := certs.CheckIssued(s.content, chain, above, s.At); err != nil {
		return Certificate{}, err
	}
	return Certificate{Chain: chain, CA: above[len(above)-1:]}, nil
}
