package validate

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/probe"
)

// checkClient tests which clients the server accepts: one with the tenant's certificate,
// one without a certificate, one of another tenant.
func (v *validation) checkClient(p Endpoint, seen *probe.Handshake, withoutPassword bool) func(context.Context) Check {
	return func(ctx context.Context) Check {
		if !seen.AsksClient {
			return judgeNoRequest(p, v.subject.Tenant, withoutPassword)
		}
		return v.tryClients(ctx, p)
	}
}

// judgeNoRequest is for a server that requests no client certificate. If it has no other
// protection, it accepts every client that can reach it. It is pure.
func judgeNoRequest(p Endpoint, tenant string, withoutPassword bool) Check {
	const found = "no client certificate is requested"
	switch {
	case p.Known && p.Mutual:
		return fail(codeAnyClientAccepted, found+", although the Gateway requires one", "clients without a certificate are refused",
			finding.Fix{Text: "Check which Gateway answers here: it may be another tenant's, since Istio selects gateways by label across namespaces", Command: "kubectl orthweb explain " + escape.ShellWord(tenant)})
	case withoutPassword:
		return warn(codeNoClientCertificate, found+": anyone who can reach the port can store and query studies", "only clients of the tenant are accepted",
			finding.Fix{Text: fmt.Sprintf("Set spec.servers[].tls.mode: MUTUAL in the Gateway, in gitops/application/%s; the Secret of its certificate already has the CA certificate", tenant)})
	}
	return pass(found + "; access is protected by password only")
}

// tryClients connects as each kind of client.
func (v *validation) tryClients(ctx context.Context, p Endpoint) Check {
	if v.subject.Client == nil {
		return skip("a client certificate is requested, but the tenant's client has none: see --cert")
	}
	own, err := v.subject.Client(ctx)
	if err != nil {
		return skip("a client certificate is requested, but none could be obtained: " + err.Error())
	}
	in, why, err := v.isAccepted(ctx, p, own)
	if err != nil {
		return judgeTCP(p, err, v.subject.Tenant)
	}
	if !in {
		refused := fail(codeClientRefused, "the tenant's own client certificate is refused: "+why, "a client of the tenant is accepted",
			finding.Fix{Text: "Check the certificate, and the CAs that the Gateway trusts", Command: "kubectl orthweb cert list " + escape.ShellWord(v.subject.Tenant)})
		refused.Details = v.subject.ClientFaults
		return refused
	}
	details := []string{"the tenant's client certificate is accepted"}
	in, why, err = v.isAccepted(ctx, p, nil)
	switch {
	case err != nil:
		return judgeTCP(p, err, v.subject.Tenant)
	case in:
		return fail(codeAnyClientAccepted, "a client without a certificate is accepted", "clients without a certificate are refused",
			finding.Fix{Text: "Set spec.servers[].tls.mode: MUTUAL in the Gateway; OPTIONAL_MUTUAL accepts clients without a certificate"})
	}
	details = append(details, "a client without a certificate is refused: "+why)
	return v.tryOtherClients(ctx, p, details)
}

// tryOtherClients connects as the clients of other tenants. A client that could not be
// tested is reported: it proves neither that the server is broken nor that it is safe.
func (v *validation) tryOtherClients(ctx context.Context, p Endpoint, details []string) Check {
	found := "clients of the tenant are accepted, those without a certificate"
	var refused, untried []string
	for _, other := range v.subject.OtherClients {
		certificate, err := other.Certificate(ctx)
		in, why := false, ""
		if err == nil {
			in, why, err = v.isAccepted(ctx, p, certificate)
		}
		switch {
		case err != nil:
			untried = append(untried, "a client of "+other.Tenant+" was not tested: "+describeError(err))
			continue
		case in:
			return fail(codeOtherClientAccepted, "a client of tenant "+other.Tenant+" is accepted", "clients of other tenants are refused",
				finding.Fix{Text: "Check which CAs the Gateway trusts: tenants must not share a CA", Command: "kubectl orthweb cert list"})
		}
		refused = append(refused, "those of "+other.Tenant)
		details = append(details, "a client of "+other.Tenant+" is refused: "+why)
	}
	for _, who := range refused {
		found += " and " + who
	}
	found += " are not"
	if len(v.subject.OtherClients) == 0 && len(v.subject.Others) > 0 {
		untried = []string{"clients of other tenants were not tested: see --other-cert"}
	}
	return pass(strings.Join(append([]string{found}, untried...), "; "), details...)
}

// refusalTimeout is how long a server may take to refuse a client after the handshake: in
// TLS 1.3 the client finishes before the server has checked its certificate (RFC 8446,
// section 4.4.2.4).
const refusalTimeout = time.Second

// isAccepted reports whether a client with the certificate, nil for none, is accepted, and
// otherwise the reason of the refusal. An error is one of the connection, or a missing
// answer, which is not a refusal.
func (v *validation) isAccepted(ctx context.Context, p Endpoint, certificate *tls.Certificate) (in bool, why string, err error) {
	conn, err := v.options.dial(ctx, v.subject, p)
	if err != nil {
		return false, "", err
	}
	defer func() { _ = conn.Close() }()
	config := v.options.tlsConfig(v.subject, p)
	config.InsecureSkipVerify = true // the server's certificate was judged before
	config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		if certificate == nil {
			return &tls.Certificate{}, nil
		}
		return certificate, nil // regardless of the CAs that the server names
	}
	secured := tls.Client(conn, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		if ctx.Err() != nil {
			return false, "", ctx.Err()
		}
		return refusedBy(err)
	}
	_ = secured.SetReadDeadline(time.Now().Add(refusalTimeout))
	_, err = secured.Read(make([]byte, 1))
	if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		return true, "", nil
	}
	return refusedBy(err)
}

// refusedBy is the reason that a server gave for refusing a client: its alert, or that it
// closed the connection. An alert that is not about the certificate, and other errors of a
// connection, are not refusals.
func refusedBy(err error) (in bool, why string, failed error) {
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
