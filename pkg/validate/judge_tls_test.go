package validate

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/probe"
)

func TestJudgeTLS(t *testing.T) {
	p := Place{Host: "web.bhs.orthweb.com", Port: 443}
	for _, c := range []struct {
		about   string
		version uint16
		err     error
		outcome Outcome
		code    finding.Code
		says    string
	}{
		{about: "1.3", version: tls.VersionTLS13, outcome: Pass, says: "TLS 1.3, TLS_AES_128_GCM_SHA256"},
		{about: "1.2", version: tls.VersionTLS12, outcome: Pass, says: "TLS 1.2, "},
		{about: "1.1", version: tls.VersionTLS11, outcome: Fail, code: codeOldTLS, says: "it speaks TLS 1.1"},
		{about: "1.0", version: tls.VersionTLS10, outcome: Fail, code: codeOldTLS, says: "it speaks TLS 1.0"},
		{about: "none", err: errors.New("it does not speak TLS"), outcome: Fail, code: codeNoTLS, says: "it does not speak TLS"},
		{about: "not known", err: fmt.Errorf("TLS: %w", context.DeadlineExceeded), outcome: Fail, code: codeNoTLS, says: "no answer in time"},
	} {
		judged(t, c.about, judgeTLS(probe.Handshake{Version: c.version, CipherSuite: tls.TLS_AES_128_GCM_SHA256}, c.err, p, "bhs"), c.outcome, c.code, c.says)
	}
}
