package validate

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/probe"
)

func TestJudgeTLS(t *testing.T) {
	for _, c := range []struct {
		about   string
		version uint16
		outcome Outcome
		code    finding.Code
		says    string
	}{
		{about: "1.3", version: tls.VersionTLS13, outcome: Pass, says: "TLS 1.3, TLS_AES_128_GCM_SHA256"},
		{about: "1.2", version: tls.VersionTLS12, outcome: Pass, says: "TLS 1.2, "},
		{about: "1.1", version: tls.VersionTLS11, outcome: Fail, code: codeOldTLS, says: "the server speaks TLS 1.1"},
		{about: "1.0", version: tls.VersionTLS10, outcome: Fail, code: codeOldTLS, says: "the server speaks TLS 1.0"},
	} {
		judged(t, c.about, judgeTLS(probe.Handshake{Version: c.version, CipherSuite: tls.TLS_AES_128_GCM_SHA256}), c.outcome, c.code, c.says)
	}
}

// The answers to a ClientHello.
func accepted(version, suite uint16) helloResult {
	return helloResult{reply: probe.Reply{Kind: probe.Accepted, Version: version, CipherSuite: suite}}
}

func alerted(number uint8) helloResult {
	return helloResult{reply: probe.Reply{Kind: probe.Alerted, Alert: number}}
}

func otherBytes(start string) helloResult {
	return helloResult{reply: probe.Reply{Kind: probe.NotTLS, Start: []byte(start)}}
}

var (
	closed = helloResult{reply: probe.Reply{Kind: probe.Closed}}
	quiet  = helloResult{}
)

func TestJudgeFailedHandshake(t *testing.T) {
	p := Endpoint{Host: "dicom.bhs.orthweb.com", Port: 11112}
	late := fmt.Errorf("TLS: %w", context.DeadlineExceeded)
	for _, c := range []struct {
		about string
		err   error
		seen  failedHandshake
		code  finding.Code
		says  string
	}{
		{about: "old versions alone", seen: failedHandshake{anything: accepted(tls11, 0x002F)}, code: codeOldTLS, says: "at most TLS 1.1, TLS_RSA_WITH_AES_128_CBC_SHA"},
		{about: "static RSA alone", seen: failedHandshake{anything: accepted(tls12, 0x002F)}, code: codeOldSuites, says: "such as TLS 1.2, TLS_RSA_WITH_AES_128_CBC_SHA"},
		{about: "DHE alone", seen: failedHandshake{anything: accepted(tls12, 0x009E)}, code: codeOldSuites, says: "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"},
		{about: "no common suite", seen: failedHandshake{anything: alerted(40)}, code: codeNoTLS, says: "handshake_failure (40): client and server have no version or cipher suite in common"},
		{about: "no common version", seen: failedHandshake{anything: alerted(70)}, code: codeNoTLS, says: "protocol_version (70): client"},
		{about: "no such host", seen: failedHandshake{anything: alerted(112)}, code: codeNoTLS, says: "unrecognized_name (112): it does not serve the host dicom.bhs"},
		{about: "a fault of the server's", seen: failedHandshake{anything: alerted(80)}, code: codeNoTLS, says: "internal_error (80): the server has an internal error"},
		{about: "an alert that nobody knows", seen: failedHandshake{anything: alerted(200)}, code: codeNoTLS, says: "the alert 200"},
		{about: "the first attempt's alert", err: &net.OpError{Op: "remote error", Err: tls.AlertError(112)}, seen: failedHandshake{anything: quiet}, code: codeNoTLS, says: "unrecognized_name"},
		{about: "closed", seen: failedHandshake{anything: closed, proxied: closed}, code: codeNoTLS, says: "closed before the TLS handshake: no server accepts the name dicom.bhs"},
		{about: "a proxy's header is missing", seen: failedHandshake{anything: closed, proxied: accepted(tls13, 0x1301)}, code: codeProxyProtocol, says: "expects a PROXY protocol header"},
		{about: "a proxy's header comes", seen: failedHandshake{anything: otherBytes("PROXY TCP4 1.2.3.4")}, code: codeProxyProtocol, says: "sends a PROXY protocol header"},
		{about: "DICOM in the clear", seen: failedHandshake{anything: closed, clear: "it was accepted"}, code: codePlainDICOM, says: "an association was requested without TLS, and it was accepted"},
		{about: "HTTP", seen: failedHandshake{anything: otherBytes("HTTP/1.1 400 Bad Request")}, code: codeNoTLS, says: "it answers with HTTP"},
		{about: "a PDU", seen: failedHandshake{anything: otherBytes("\x07\x00\x00\x00")}, code: codeNoTLS, says: "a DICOM PDU of type 7"},
		{about: "SSH", seen: failedHandshake{anything: otherBytes("SSH-2.0")}, code: codeNoTLS, says: "SSH"},
		{about: "something", seen: failedHandshake{anything: otherBytes("\x1b[2J")}, code: codeNoTLS, says: `other bytes ("\x1b[2J")`},
		{about: "a tunnel fails", err: errTunnel, seen: failedHandshake{anything: closed, proxied: closed}, code: codeNoTLS, says: "the tunnel is lost"},
		{about: "silence", err: late, seen: failedHandshake{}, code: codeNoTLS, says: "timed out waiting for a response"},
	} {
		if c.err == nil {
			c.err = fmt.Errorf("TLS: %w", io.EOF)
		}
		judged(t, c.about, judgeFailedHandshake(c.err, c.seen, p, "bhs"), Fail, c.code, c.says)
	}
}

func TestJudgeDevices(t *testing.T) {
	p := Endpoint{Host: "dicom.bhs.orthweb.com", Port: 11112}
	in, old := accepted(tls12, 0xC02F), accepted(tls12, 0x002F)
	refused := alerted(40)
	for _, c := range []struct {
		about   string
		with    helloResult
		came    [4]helloResult
		outcome Outcome
		code    finding.Code
		says    string
	}{
		{"all", in, [4]helloResult{in, in, in, old}, Pass, "", "accepted without SNI: current devices (TLS 1.3 or 1.2); devices with TLS 1.2 only"},
		{"all but the oldest", in, [4]helloResult{in, in, in, refused}, Pass, "", "devices from before 2022 (BCP 195, RFC 7525)"},
		{"older ones are kept out", in, [4]helloResult{in, in, refused, refused}, Warn, codeOlderDevicesRefused, "older devices cannot connect: devices from before 2022"},
		{"TLS 1.3 alone", in, [4]helloResult{accepted(tls13, 0x1301), alerted(70), alerted(70), alerted(70)}, Fail, codeDevicesRefused, "devices cannot connect: devices with TLS 1.2 only"},
		{"SNI is needed", in, [4]helloResult{closed, closed, closed, closed}, Fail, codeSNINeeded, "clients without SNI, such as most modalities, cannot connect: refused: the connection is closed without an alert"},
		{"none with or without SNI", refused, [4]helloResult{refused, refused, refused, old}, Fail, codeDevicesRefused, "devices cannot connect: current devices"},
		{"no answer", in, [4]helloResult{in, quiet, in, in}, Skip, "", "no response for devices with TLS 1.2 only"},
		{"no connection", in, [4]helloResult{{err: errors.New("refused")}, in, in, in}, Skip, "", "no response for current devices (TLS 1.3 or 1.2)"},
	} {
		judged(t, c.about, judgeDevices(c.with, c.came[:], p, "bhs"), c.outcome, c.code, c.says)
	}
}
