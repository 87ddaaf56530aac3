package validate

import (
	"context"
	"crypto/tls"
	"fmt"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/probe"
)

// checkTLS does a handshake and leaves what was shown in into.
func (v *validation) checkTLS(p Place, into *probe.Handshake) func(context.Context) Check {
	return func(ctx context.Context) Check {
		conn, err := v.options.dial(ctx, v.subject, p)
		if err != nil {
			return judgeTCP(p, err, v.subject.Tenant)
		}
		defer func() { _ = conn.Close() }()
		*into, err = probe.Shake(ctx, conn, p.Host)
		return judgeTLS(*into, err, p, v.subject.Tenant)
	}
}

// judgeTLS is pure. Versions before 1.2 must not be used any more (RFC 8996), and
// browsers refuse them.
func judgeTLS(seen probe.Handshake, err error, p Place, tenant string) Check {
	expected := fmt.Sprintf("a TLS handshake for %s at port %d", p.Host, p.Port)
	if err != nil {
		return fail(codeNoTLS, "there was no TLS handshake: "+plain(err), expected, finding.Fix{
			Text:    "See whether a Gateway serves that name at that port, and whether the Secret with its certificate is there",
			Command: "kubectl orthweb explain " + escape.ShellWord(tenant),
		})
	}
	what := fmt.Sprintf("%s, %s", tls.VersionName(seen.Version), tls.CipherSuiteName(seen.CipherSuite))
	if seen.Version < tls.VersionTLS12 {
		return fail(codeOldTLS, "it speaks "+what, "TLS 1.2 or later", finding.Fix{
			Text: "Set spec.servers[].tls.minProtocolVersion: TLSV1_2 in the Gateway",
		})
	}
	return pass(what)
}
