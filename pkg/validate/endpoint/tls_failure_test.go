package endpoint

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/checktest"
	"github.com/digihunch/kubectl-orthweb/pkg/certs/probe"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// accepted and the following are answers to a ClientHello.
func accepted(version, suite uint16) HelloResult {
	return HelloResult{Reply: probe.Reply{Kind: probe.Accepted, Version: version, CipherSuite: suite}}
}

func alerted(number uint8) HelloResult {
	return HelloResult{Reply: probe.Reply{Kind: probe.Alerted, Alert: number}}
}

func otherBytes(start string) HelloResult {
	return HelloResult{Reply: probe.Reply{Kind: probe.NotTLS, Start: []byte(start)}}
}

var (
	closed = HelloResult{Reply: probe.Reply{Kind: probe.Closed}}
	quiet  = HelloResult{}
)

func TestJudgeFailedHandshake(t *testing.T) {
	p := check.Endpoint{Host: "dicom.bhs.orthweb.com", Port: 11112}
	late := fmt.Errorf("TLS: %w", context.DeadlineExceeded)
	for _, c := range []struct {
		about   string
		err     error
		seen    FailedHandshake
		code    finding.Code
		message string
	}{
		{about: "old versions alone", seen: FailedHandshake{Anything: accepted(Tls11, 0x002F)}, code: check.CodeOldTLS, message: "at most TLS 1.1, TLS_RSA_WITH_AES_128_CBC_SHA"},
		{about: "static RSA alone", seen: FailedHandshake{Anything: accepted(Tls12, 0x002F)}, code: check.CodeOldSuites, message: "such as TLS 1.2, TLS_RSA_WITH_AES_128_CBC_SHA"},
		{about: "DHE alone", seen: FailedHandshake{Anything: accepted(Tls12, 0x009E)}, code: check.CodeOldSuites, message: "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"},
		{about: "no common suite", seen: FailedHandshake{Anything: alerted(40)}, code: check.CodeNoTLS, message: "handshake_failure (40): client and server have no version or cipher suite in common"},
		{about: "no common version", seen: FailedHandshake{Anything: alerted(70)}, code: check.CodeNoTLS, message: "protocol_version (70): client"},
		{about: "no such host", seen: FailedHandshake{Anything: alerted(112)}, code: check.CodeNoTLS, message: "unrecognized_name (112): it does not serve the host dicom.bhs"},
		{about: "a fault of the server's", seen: FailedHandshake{Anything: alerted(80)}, code: check.CodeNoTLS, message: "internal_error (80): the server has an internal error"},
		{about: "an alert that nobody knows", seen: FailedHandshake{Anything: alerted(200)}, code: check.CodeNoTLS, message: "the alert 200"},
		{about: "the first attempt's alert", err: &net.OpError{Op: "remote error", Err: tls.AlertError(112)}, seen: FailedHandshake{Anything: quiet}, code: check.CodeNoTLS, message: "unrecognized_name"},
		{about: "closed", seen: FailedHandshake{Anything: closed, Proxied: closed}, code: check.CodeNoTLS, message: "closed before the TLS handshake: no server accepts the name dicom.bhs"},
		{about: "a proxy's header is missing", seen: FailedHandshake{Anything: closed, Proxied: accepted(Tls13, 0x1301)}, code: check.CodeProxyProtocol, message: "expects a PROXY protocol header"},
		{about: "a proxy's header comes", seen: FailedHandshake{Anything: otherBytes("PROXY TCP4 1.2.3.4")}, code: check.CodeProxyProtocol, message: "sends a PROXY protocol header"},
		{about: "DICOM in the clear", seen: FailedHandshake{Anything: closed, Clear: "it was accepted"}, code: check.CodePlainDICOM, message: "an association was requested without TLS, and it was accepted"},
		{about: "HTTP", seen: FailedHandshake{Anything: otherBytes("HTTP/1.1 400 Bad Request")}, code: check.CodeNoTLS, message: "it answers with HTTP"},
		{about: "a PDU", seen: FailedHandshake{Anything: otherBytes("\x07\x00\x00\x00")}, code: check.CodeNoTLS, message: "a DICOM PDU of type 7"},
		{about: "SSH", seen: FailedHandshake{Anything: otherBytes("SSH-2.0")}, code: check.CodeNoTLS, message: "SSH"},
		{about: "something", seen: FailedHandshake{Anything: otherBytes("\x1b[2J")}, code: check.CodeNoTLS, message: `other bytes ("\x1b[2J")`},
		{about: "a tunnel fails", err: errors.New("the tunnel is lost"), seen: FailedHandshake{Anything: closed, Proxied: closed}, code: check.CodeNoTLS, message: "the tunnel is lost"},
		{about: "silence", err: late, seen: FailedHandshake{}, code: check.CodeNoTLS, message: "timed out waiting for a response"},
	} {
		if c.err == nil {
			c.err = fmt.Errorf("TLS: %w", io.EOF)
		}
		checktest.Expect(t, c.about, JudgeFailedHandshake(c.err, c.seen, p, "bhs"), check.Fail, c.code, c.message)
	}
}
