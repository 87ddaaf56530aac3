// Package endpoint judges name, connection, TLS handshake, certificate and client
// authentication of an endpoint.
package endpoint

import (
	"crypto/tls"

	"github.com/digihunch/kubectl-orthweb/pkg/certs/probe"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// JudgeTLS is pure. Versions before 1.2 are deprecated (RFC 8996), and browsers refuse
// them.
func JudgeTLS(seen probe.Handshake) check.Check {
	what := suiteName(seen.Version, seen.CipherSuite)
	if seen.Version < tls.VersionTLS12 {
		return oldTLS("the server speaks " + what)
	}
	return check.Passed(what)
}

func oldTLS(found string) check.Check {
	return check.Failed(check.CodeOldTLS, found, "TLS 1.2 or later", finding.Fix{
		Text: "Set spec.servers[].tls.minProtocolVersion: TLSV1_2 in the Gateway, and no lower maxProtocolVersion",
	})
}
