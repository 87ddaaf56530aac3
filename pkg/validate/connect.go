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

// checkTCP connects and closes.
func (v *validation) checkTCP(p Place) func(context.Context) Check {
	return func(ctx context.Context) Check {
		conn, err := v.options.dial(ctx, v.subject, p)
		if err != nil {
			return judgeTCP(p, err, v.subject.Tenant)
		}
		defer func() { _ = conn.Close() }()
		return pass(fmt.Sprintf("connected to %s", conn.RemoteAddr()))
	}
}

// judgeTCP says what an error of connecting means. It is pure.
func judgeTCP(p Place, err error, tenant string) Check {
	expected := fmt.Sprintf("something listens at port %d", p.Port)
	inside := finding.Fix{Text: "See whether the ingress runs", Command: "kubectl orthweb status " + escape.ShellWord(tenant)}
	var slow net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return fail(codeRefused, "the connection was refused: nothing listens at "+target(err, p), expected, inside)
	case errors.Is(err, context.DeadlineExceeded) || errors.As(err, &slow) && slow.Timeout():
		return fail(codeNoAnswer, "there was no answer from "+target(err, p), expected, finding.Fix{
			Text: "Ask those who run the network whether a firewall or a security group is in between; then see whether the ingress runs", Command: inside.Command,
		})
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return fail(codeNoRoute, "there is no way from this machine to "+target(err, p), expected, finding.Fix{
			Text: "Connect to the network that the load balancer is in (a VPN?), or start what makes its addresses known here: 'minikube tunnel', cloud-provider-kind",
		})
	}
	return fail(codeNoConnection, "connecting failed: "+err.Error(), expected, inside)
}

// target is the address in an error of dialling.
func target(err error, p Place) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Addr != nil {
		return op.Addr.String()
	}
	return strings.TrimPrefix(fmt.Sprintf("%s:%d", p.Host, p.Port), ":")
}
