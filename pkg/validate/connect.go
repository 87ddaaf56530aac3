package validate

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// checkTCP opens and closes a connection.
func (v *validation) checkTCP(p Endpoint) func(context.Context) Check {
	return func(ctx context.Context) Check {
		conn, err := v.options.dial(ctx, v.subject, p)
		if err != nil {
			return judgeTCP(p, err, v.subject.Tenant)
		}
		defer func() { _ = conn.Close() }()
		return pass(fmt.Sprintf("connected to %s", conn.RemoteAddr()))
	}
}

// judgeTCP is the check for an error of connecting. It is pure.
func judgeTCP(p Endpoint, err error, tenant string) Check {
	expected := fmt.Sprintf("a server listens on port %d", p.Port)
	inside := finding.Fix{Text: "Check whether the ingress is running", Command: "kubectl orthweb status " + escape.ShellWord(tenant)}
	var slow net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return fail(codeRefused, "connection refused: nothing listens on "+target(err, p), expected, inside)
	case errors.Is(err, context.DeadlineExceeded) || errors.As(err, &slow) && slow.Timeout():
		return fail(codeNoAnswer, "no response from "+target(err, p), expected, finding.Fix{
			Text: "Ask the network's administrators whether a firewall or a security group is in between; then check whether the ingress is running", Command: inside.Command,
		})
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return fail(codeNoRoute, "no route from this machine to "+target(err, p), expected, finding.Fix{
			Text: "Connect to the load balancer's network (a VPN?), or start the program that makes its addresses reachable from this machine: 'minikube tunnel', cloud-provider-kind",
		})
	}
	return fail(codeNoConnection, "connection failed: "+err.Error(), expected, inside)
}

// target is the address in an error of dialling.
func target(err error, p Endpoint) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Addr != nil {
		return op.Addr.String()
	}
	return strings.TrimPrefix(fmt.Sprintf("%s:%d", p.Host, p.Port), ":")
}
