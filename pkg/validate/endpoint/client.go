package endpoint

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// JudgeNoRequest is for a server that requests no client certificate. If it has no other
// protection, it accepts every client that can reach it. It is pure.
func JudgeNoRequest(p check.Endpoint, tenant string, withoutPassword bool) check.Check {
	const found = "no client certificate is requested"
	switch {
	case p.Known && p.Mutual:
		return check.Failed(check.CodeAnyClientAccepted, found+", although the Gateway requires one", "clients without a certificate are refused",
			finding.Fix{Text: "Check which Gateway answers here: it may be another tenant's, since Istio selects gateways by label across namespaces", Command: "kubectl orthweb explain " + escape.ShellWord(tenant)})
	case withoutPassword:
		return check.Warned(check.CodeNoClientCertificate, found+": anyone who can reach the port can store and query studies", "only clients of the tenant are accepted",
			finding.Fix{Text: fmt.Sprintf("Set spec.servers[].tls.mode: MUTUAL in the Gateway, in gitops/application/%s; the Secret of its certificate already has the CA certificate", tenant)})
	}
	return check.Passed(found + "; access is protected by password only")
}

// RefusalTimeout is how long a server may take to refuse a client after the handshake: in
// TLS 1.3 the client finishes before the server has checked its certificate (RFC 8446,
// section 4.4.2.4).
const RefusalTimeout = time.Second

// RefusedBy is the reason that a server gave for refusing a client: its alert, or that it
// closed the connection. An alert that is not about the certificate, and other errors of a
// connection, are not refusals.
func RefusedBy(err error) (in bool, why string, failed error) {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return false, "it closed the connection", nil
	}
	if number, ok := alertOf(err); ok {
		if !refusesCertificate(number) {
			return false, "", err
		}
		return false, "the alert " + alertName(number), nil
	}
	var op *net.OpError
	var reset *os.SyscallError
	if errors.As(err, &op) && errors.As(err, &reset) {
		return false, op.Err.Error(), nil
	}
	return false, "", err
}
