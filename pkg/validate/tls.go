package validate

import (
	"context"
	"crypto/tls"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/probe"
)

// checkTLS performs a handshake and stores the result in into. If it fails, it determines
// why.
func (v *validation) checkTLS(p Endpoint, isDICOM bool, into *probe.Handshake) func(context.Context) Check {
	return func(ctx context.Context) Check {
		conn, err := v.options.dial(ctx, v.subject, p)
		if err != nil {
			return judgeTCP(p, err, v.subject.Tenant)
		}
		*into, err = probe.DoHandshake(ctx, conn, p.Host)
		_ = conn.Close()
		if err != nil {
			return judgeFailedHandshake(err, v.diagnoseHandshake(ctx, p, isDICOM), p, v.subject.Tenant)
		}
		return judgeTLS(*into)
	}
}

// judgeTLS is pure. Versions before 1.2 are deprecated (RFC 8996), and browsers refuse
// them.
func judgeTLS(seen probe.Handshake) Check {
	what := suiteName(seen.Version, seen.CipherSuite)
	if seen.Version < tls.VersionTLS12 {
		return oldTLS("the server speaks " + what)
	}
	return pass(what)
}

func oldTLS(found string) Check {
	return fail(codeOldTLS, found, "TLS 1.2 or later", finding.Fix{
		Text: "Set spec.servers[].tls.minProtocolVersion: TLSV1_2 in the Gateway, and no lower maxProtocolVersion",
	})
}
