package validate

import (
	"context"
	"fmt"

	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/endpoint"
)

// checkTCP opens and closes a connection.
func (v *validation) checkTCP(p check.Endpoint) func(context.Context) check.Check {
	return func(ctx context.Context) check.Check {
		conn, err := v.options.Connect(ctx, v.subject, p)
		if err != nil {
			return endpoint.JudgeTCP(p, err, v.subject.Tenant)
		}
		defer func() { _ = conn.Close() }()
		return check.Passed(fmt.Sprintf("connected to %s", conn.RemoteAddr()))
	}
}
