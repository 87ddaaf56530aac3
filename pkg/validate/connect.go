package validate

import (
	"context"
	"fmt"
	"net"

	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/endpoint"
)

// checkName compares the addresses that this machine resolves a host name to (hosts file
// and DNS) with the ingress's address. Connections by address don't need the name, so a
// difference is only a warning then.
func (v *validation) checkName(p check.Endpoint) func(context.Context) check.Check {
	return func(ctx context.Context) check.Check {
		if v.options.Via == endpoint.ViaPortForward {
			return check.Skipped("connections go through the API server; the name is not used")
		}
		found, err := (&net.Resolver{}).LookupNetIP(ctx, "ip", p.Host)
		return endpoint.JudgeName(p.Host, found, err, v.subject.Addresses, v.options.Via == "dns")
	}
}

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
