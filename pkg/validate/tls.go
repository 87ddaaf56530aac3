package validate

import (
	"context"

	"github.com/digihunch/kubectl-orthweb/pkg/certs/probe"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/endpoint"
)

// checkTLS performs a handshake and stores the result in into. If it fails, it determines
// why.
func (v *validation) checkTLS(p check.Endpoint, isDICOM bool, into *probe.Handshake) func(context.Context) check.Check {
	return func(ctx context.Context) check.Check {
		conn, err := v.options.Connect(ctx, v.subject, p)
		if err != nil {
			return endpoint.JudgeTCP(p, err, v.subject.Tenant)
		}
		*into, err = probe.DoHandshake(ctx, conn, p.Host)
		_ = conn.Close()
		if err != nil {
			return endpoint.JudgeFailedHandshake(err, v.diagnoseHandshake(ctx, p, isDICOM), p, v.subject.Tenant)
		}
		return endpoint.JudgeTLS(*into)
	}
}
