package endpoint

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// JudgeTCP is the check for an error of connecting. It is pure.
func JudgeTCP(p check.Endpoint, err error, tenant string) check.Check {
	expected := fmt.Sprintf("a server listens on port %d", p.Port)
	inside := finding.Fix{Text: "Check whether the ingress is running", Command: "kubectl orthweb status " + escape.ShellWord(tenant)}
	var slow net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return check.Failed(check.CodeRefused, "connection refused: nothing listens on "+target(err, p), expected, inside)
	case errors.Is(err, context.DeadlineExceeded) || errors.As(err, &slow) && slow.Timeout():
		return check.Failed(check.CodeNoAnswer, "no response from "+target(err, p), expected, finding.Fix{
			Text: "Ask the network's administrators whether a firewall or a security group is in between; then check whether the ingress is running", Command: inside.Command,
		})
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return check.Failed(check.CodeNoRoute, "no route from this machine to "+target(err, p), expected, finding.Fix{
			Text: "Connect to the load balancer's network (a VPN?), or start the program that makes its addresses reachable from this machine: 'minikube tunnel', cloud-provider-kind",
		})
	}
	return check.Failed(check.CodeNoConnection, "connection failed: "+err.Error(), expected, inside)
}

// target is the address in an error of dialling.
func target(err error, p check.Endpoint) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Addr != nil {
		return op.Addr.String()
	}
	return strings.TrimPrefix(fmt.Sprintf("%s:%d", p.Host, p.Port), ":")
}
