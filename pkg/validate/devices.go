package validate

import (
	"context"

	"github.com/digihunch/kubectl-orthweb/pkg/certs/probe"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/endpoint"
)

// sendHello sends a ClientHello over a new connection.
func (v *validation) sendHello(ctx context.Context, p check.Endpoint, hello probe.Hello, before ...byte) endpoint.HelloResult {
	conn, err := v.options.Connect(ctx, v.subject, p)
	if err != nil {
		return endpoint.HelloResult{Err: err}
	}
	defer func() { _ = conn.Close() }()
	reply, err := probe.SendHello(ctx, conn, hello, before...)
	return endpoint.HelloResult{Reply: reply, Err: err}
}

// checkDevices tests which kinds of devices receive the server's certificate.
func (v *validation) checkDevices(p check.Endpoint, seen *probe.Handshake) func(context.Context) check.Check {
	return func(ctx context.Context) check.Check {
		named := endpoint.Devices[0].Hello
		named.ServerName = p.Host
		with := v.sendHello(ctx, p, named)
		var came []endpoint.HelloResult
		for _, d := range endpoint.Devices {
			came = append(came, v.sendHello(ctx, p, d.Hello))
		}
		c := endpoint.JudgeDevices(with, came, p, v.subject.Tenant)
		if c.Outcome == check.Fail || !came[0].Accepted() {
			return c
		}
		return v.compareUnnamed(ctx, p, seen, c)
	}
}

// compareUnnamed checks the certificate that is presented without SNI.
func (v *validation) compareUnnamed(ctx context.Context, p check.Endpoint, seen *probe.Handshake, c check.Check) check.Check {
	conn, err := v.options.Connect(ctx, v.subject, p)
	if err != nil {
		return c
	}
	defer func() { _ = conn.Close() }()
	unnamed, err := probe.DoHandshake(ctx, conn, "")
	if err != nil || len(unnamed.Chain) == 0 || len(seen.Chain) == 0 || unnamed.Chain[0].Equal(seen.Chain[0]) {
		return c
	}
	return endpoint.JudgeUnnamed(unnamed.Chain, p, v.subject, v.options.Now(), c)
}
