package validate

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/certs/probe"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/endpoint"
)

func TestJudgeTLS(t *testing.T) {
	for _, c := range []struct {
		about   string
		version uint16
		outcome check.Outcome
		code    finding.Code
		says    string
	}{
		{about: "1.3", version: tls.VersionTLS13, outcome: check.Pass, says: "TLS 1.3, TLS_AES_128_GCM_SHA256"},
		{about: "1.2", version: tls.VersionTLS12, outcome: check.Pass, says: "TLS 1.2, "},
		{about: "1.1", version: tls.VersionTLS11, outcome: check.Fail, code: check.CodeOldTLS, says: "the server speaks TLS 1.1"},
		{about: "1.0", version: tls.VersionTLS10, outcome: check.Fail, code: check.CodeOldTLS, says: "the server speaks TLS 1.0"},
	} {
		judged(t, c.about, endpoint.JudgeTLS(probe.Handshake{Version: c.version, CipherSuite: tls.TLS_AES_128_GCM_SHA256}), c.outcome, c.code, c.says)
	}
}

// accepted and the following are answers to a ClientHello.
func accepted(version, suite uint16) endpoint.HelloResult {
	return endpoint.HelloResult{Reply: probe.Reply{Kind: probe.Accepted, Version: version, CipherSuite: suite}}
}

func alerted(number uint8) endpoint.HelloResult {
	return endpoint.HelloResult{Reply: probe.Reply{Kind: probe.Alerted, Alert: number}}
}

func otherBytes(start string) endpoint.HelloResult {
	return endpoint.HelloResult{Reply: probe.Reply{Kind: probe.NotTLS, Start: []byte(start)}}
}

var (
	closed = endpoint.HelloResult{Reply: probe.Reply{Kind: probe.Closed}}
	quiet  = endpoint.HelloResult{}
)

func TestJudgeFailedHandshake(t *testing.T) {
	p := check.Endpoint{Host: "dicom.bhs.orthweb.com", Port: 11112}
	late := fmt.Errorf("TLS: %w", context.DeadlineExceeded)
	for _, c := range []struct {
		about string
		err   error
		seen  endpoint.FailedHandshake
		code  finding.Code
		says  string
	}{
		{about: "old versions alone", seen: endpoint.FailedHandshake{Anything: accepted(endpoint.Tls11, 0x002F)}, code: check.CodeOldTLS, says: "at most TLS 1.1, TLS_RSA_WITH_AES_128_CBC_SHA"},
		{about: "static RSA alone", seen: endpoint.FailedHandshake{Anything: accepted(endpoint.Tls12, 0x002F)}, code: check.CodeOldSuites, says: "such as TLS 1.2, TLS_RSA_WITH_AES_128_CBC_SHA"},
		{about: "DHE alone", seen: endpoint.FailedHandshake{Anything: accepted(endpoint.Tls12, 0x009E)}, code: check.CodeOldSuites, says: "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"},
		{about: "no common suite", seen: endpoint.FailedHandshake{Anything: alerted(40)}, code: check.CodeNoTLS, says: "handshake_failure (40): client and server have no version or cipher suite in common"},
		{about: "no common version", seen: endpoint.FailedHandshake{Anything: alerted(70)}, code: check.CodeNoTLS, says: "protocol_version (70): client"},
		{about: "no such host", seen: endpoint.FailedHandshake{Anything: alerted(112)}, code: check.CodeNoTLS, says: "unrecognized_name (112): it does not serve the host dicom.bhs"},
		{about: "a fault of the server's", seen: endpoint.FailedHandshake{Anything: alerted(80)}, code: check.CodeNoTLS, says: "internal_error (80): the server has an internal error"},
		{about: "an alert that nobody knows", seen: endpoint.FailedHandshake{Anything: alerted(200)}, code: check.CodeNoTLS, says: "the alert 200"},
		{about: "the first attempt's alert", err: &net.OpError{Op: "remote error", Err: tls.AlertError(112)}, seen: endpoint.FailedHandshake{Anything: quiet}, code: check.CodeNoTLS, says: "unrecognized_name"},
		{about: "closed", seen: endpoint.FailedHandshake{Anything: closed, Proxied: closed}, code: check.CodeNoTLS, says: "closed before the TLS handshake: no server accepts the name dicom.bhs"},
		{about: "a proxy's header is missing", seen: endpoint.FailedHandshake{Anything: closed, Proxied: accepted(endpoint.Tls13, 0x1301)}, code: check.CodeProxyProtocol, says: "expects a PROXY protocol header"},
		{about: "a proxy's header comes", seen: endpoint.FailedHandshake{Anything: otherBytes("PROXY TCP4 1.2.3.4")}, code: check.CodeProxyProtocol, says: "sends a PROXY protocol header"},
		{about: "DICOM in the clear", seen: endpoint.FailedHandshake{Anything: closed, Clear: "it was accepted"}, code: check.CodePlainDICOM, says: "an association was requested without TLS, and it was accepted"},
		{about: "HTTP", seen: endpoint.FailedHandshake{Anything: otherBytes("HTTP/1.1 400 Bad Request")}, code: check.CodeNoTLS, says: "it answers with HTTP"},
		{about: "a PDU", seen: endpoint.FailedHandshake{Anything: otherBytes("\x07\x00\x00\x00")}, code: check.CodeNoTLS, says: "a DICOM PDU of type 7"},
		{about: "SSH", seen: endpoint.FailedHandshake{Anything: otherBytes("SSH-2.0")}, code: check.CodeNoTLS, says: "SSH"},
		{about: "something", seen: endpoint.FailedHandshake{Anything: otherBytes("\x1b[2J")}, code: check.CodeNoTLS, says: `other bytes ("\x1b[2J")`},
		{about: "a tunnel fails", err: errTunnel, seen: endpoint.FailedHandshake{Anything: closed, Proxied: closed}, code: check.CodeNoTLS, says: "the tunnel is lost"},
		{about: "silence", err: late, seen: endpoint.FailedHandshake{}, code: check.CodeNoTLS, says: "timed out waiting for a response"},
	} {
		if c.err == nil {
			c.err = fmt.Errorf("TLS: %w", io.EOF)
		}
		judged(t, c.about, endpoint.JudgeFailedHandshake(c.err, c.seen, p, "bhs"), check.Fail, c.code, c.says)
	}
}

func TestJudgeDevices(t *testing.T) {
	p := check.Endpoint{Host: "dicom.bhs.orthweb.com", Port: 11112}
	in, old := accepted(endpoint.Tls12, 0xC02F), accepted(endpoint.Tls12, 0x002F)
	refused := alerted(40)
	for _, c := range []struct {
		about   string
		with    endpoint.HelloResult
		came    [4]endpoint.HelloResult
		outcome check.Outcome
		code    finding.Code
		says    string
	}{
		{"all", in, [4]endpoint.HelloResult{in, in, in, old}, check.Pass, "", "accepted without SNI: current devices (TLS 1.3 or 1.2); devices with TLS 1.2 only"},
		{"all but the oldest", in, [4]endpoint.HelloResult{in, in, in, refused}, check.Pass, "", "devices from before 2022 (BCP 195, RFC 7525)"},
		{"older ones are kept out", in, [4]endpoint.HelloResult{in, in, refused, refused}, check.Warn, check.CodeOlderDevicesRefused, "older devices cannot connect: devices from before 2022"},
		{"TLS 1.3 alone", in, [4]endpoint.HelloResult{accepted(endpoint.Tls13, 0x1301), alerted(70), alerted(70), alerted(70)}, check.Fail, check.CodeDevicesRefused, "devices cannot connect: devices with TLS 1.2 only"},
		{"SNI is needed", in, [4]endpoint.HelloResult{closed, closed, closed, closed}, check.Fail, check.CodeSNINeeded, "clients without SNI, such as most modalities, cannot connect: refused: the connection is closed without an alert"},
		{"none with or without SNI", refused, [4]endpoint.HelloResult{refused, refused, refused, old}, check.Fail, check.CodeDevicesRefused, "devices cannot connect: current devices"},
		{"no answer", in, [4]endpoint.HelloResult{in, quiet, in, in}, check.Skip, "", "no response for devices with TLS 1.2 only"},
		{"no connection", in, [4]endpoint.HelloResult{{Err: errors.New("refused")}, in, in, in}, check.Skip, "", "no response for current devices (TLS 1.3 or 1.2)"},
	} {
		judged(t, c.about, endpoint.JudgeDevices(c.with, c.came[:], p, "bhs"), c.outcome, c.code, c.says)
	}
}
