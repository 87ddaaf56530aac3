package validate

import (
	"context"
	"crypto/tls"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/certs/probe"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/endpoint"
)

// checkClient tests which clients the server accepts: one with the tenant's certificate,
// one without a certificate, one of another tenant.
func (v *validation) checkClient(p check.Endpoint, seen *probe.Handshake, withoutPassword bool) func(context.Context) check.Check {
	return func(ctx context.Context) check.Check {
		if !seen.AsksClient {
			return endpoint.JudgeNoRequest(p, v.subject.Tenant, withoutPassword)
		}
		return v.tryClients(ctx, p)
	}
}

// tryClients connects as each kind of client.
func (v *validation) tryClients(ctx context.Context, p check.Endpoint) check.Check {
	if v.subject.Client == nil {
		return check.Skipped("a client certificate is requested, but the tenant's client has none: see --cert")
	}
	own, err := v.subject.Client(ctx)
	if err != nil {
		return check.Skipped("a client certificate is requested, but none could be obtained: " + err.Error())
	}
	in, why, err := v.isAccepted(ctx, p, own)
	if err != nil {
		return endpoint.JudgeTCP(p, err, v.subject.Tenant)
	}
	if !in {
		refused := check.Failed(check.CodeClientRefused, "the tenant's own client certificate is refused: "+why, "a client of the tenant is accepted",
			finding.Fix{Text: "Check the certificate, and the CAs that the Gateway trusts", Command: "kubectl orthweb cert list " + escape.ShellWord(v.subject.Tenant)})
		refused.Details = v.subject.ClientFaults
		return refused
	}
	details := []string{"the tenant's client certificate is accepted"}
	in, why, err = v.isAccepted(ctx, p, nil)
	switch {
	case err != nil:
		return endpoint.JudgeTCP(p, err, v.subject.Tenant)
	case in:
		return check.Failed(check.CodeAnyClientAccepted, "a client without a certificate is accepted", "clients without a certificate are refused",
			finding.Fix{Text: "Set spec.servers[].tls.mode: MUTUAL in the Gateway; OPTIONAL_MUTUAL accepts clients without a certificate"})
	}
	details = append(details, "a client without a certificate is refused: "+why)
	return v.tryOtherClients(ctx, p, details)
}

// tryOtherClients connects as the clients of other tenants. A client that could not be
// tested is reported: it proves neither that the server is broken nor that it is safe.
func (v *validation) tryOtherClients(ctx context.Context, p check.Endpoint, details []string) check.Check {
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
			untried = append(untried, "a client of "+other.Tenant+" was not tested: "+check.DescribeError(err))
			continue
		case in:
			return check.Failed(check.CodeOtherClientAccepted, "a client of tenant "+other.Tenant+" is accepted", "clients of other tenants are refused",
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
	return check.Passed(strings.Join(append([]string{found}, untried...), "; "), details...)
}

// isAccepted reports whether a client with the certificate, nil for none, is accepted, and
// otherwise the reason of the refusal. An error is one of the connection, or a missing
// answer, which is not a refusal.
func (v *validation) isAccepted(ctx context.Context, p check.Endpoint, certificate *tls.Certificate) (in bool, why string, err error) {
	conn, err := v.options.Connect(ctx, v.subject, p)
	if err != nil {
		return false, "", err
	}
	defer func() { _ = conn.Close() }()
	config := v.options.TLSConfig(v.subject, p)
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
		return endpoint.RefusedBy(err)
	}
	_ = secured.SetReadDeadline(time.Now().Add(endpoint.RefusalTimeout))
	_, err = secured.Read(make([]byte, 1))
	if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		return true, "", nil
	}
	return endpoint.RefusedBy(err)
}
