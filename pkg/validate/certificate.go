package validate

import (
	"context"

	"github.com/digihunch/kubectl-orthweb/pkg/certs/probe"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/endpoint"
)

// checkCertificate judges the certificate that the server presented in the handshake.
func (v *validation) checkCertificate(p check.Endpoint, seen *probe.Handshake) func(context.Context) check.Check {
	return func(context.Context) check.Check {
		c := endpoint.JudgeCertificate(seen.Chain, p.Host, v.subject, v.options.Now())
		if c.Outcome == check.Fail && v.options.Insecure {
			c.Outcome = check.Warn
			c.Found += " (continuing because of --insecure)"
		}
		return c
	}
}
