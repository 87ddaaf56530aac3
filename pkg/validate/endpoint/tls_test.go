package endpoint

import (
	"crypto/tls"
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/checktest"
	"github.com/digihunch/kubectl-orthweb/pkg/certs/probe"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

func TestJudgeTLS(t *testing.T) {
	for _, c := range []struct {
		about   string
		version uint16
		outcome check.Outcome
		code    finding.Code
		message string
	}{
		{about: "1.3", version: tls.VersionTLS13, outcome: check.Pass, message: "TLS 1.3, TLS_AES_128_GCM_SHA256"},
		{about: "1.2", version: tls.VersionTLS12, outcome: check.Pass, message: "TLS 1.2, "},
		{about: "1.1", version: tls.VersionTLS11, outcome: check.Fail, code: check.CodeOldTLS, message: "the server speaks TLS 1.1"},
		{about: "1.0", version: tls.VersionTLS10, outcome: check.Fail, code: check.CodeOldTLS, message: "the server speaks TLS 1.0"},
	} {
		checktest.Expect(t, c.about, JudgeTLS(probe.Handshake{Version: c.version, CipherSuite: tls.TLS_AES_128_GCM_SHA256}), c.outcome, c.code, c.message)
	}
}
