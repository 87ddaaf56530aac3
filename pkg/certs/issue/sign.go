package issue

import (
	"context"
	"errors"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/certs"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/request"
)

// signing is a plan with the request to sign.
type signing struct {
	*Plan
	certificateRequest
	config *request.Config
	report Reporter
}

// sign has the request signed, and checks that the certificate is the one that was
// requested.
func (s *signing) sign(ctx context.Context) (Certificate, error) {
	duration, shortened, err := s.options.Lifetime.until(s.end, s.At)
	if err != nil {
		return Certificate{}, err
	}
	if shortened {
		s.noticeShortened(s.end)
	}
	sign := s.byIssuer
	if s.options.Via == ViaSecret {
		sign = s.bySecret
	}
	issued, err := sign(ctx, duration)
	var outlived *certs.OutlivesError
	if errors.As(err, &outlived) {
		// The end of the CA was not known before.
		if duration, _, err = s.options.Lifetime.until(outlived.Until, s.At); err != nil {
			return Certificate{}, err
		}
		s.noticeShortened(outlived.Until)
		issued, err = sign(ctx, duration)
	}
	return issued, err
}

func (s *signing) noticeShortened(end time.Time) {
	s.report.notice("The CA's certificate expires at " + end.Format(time.RFC3339) + ", and the new certificate with it.")
}
