package endpoint

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/certs/probe"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// FailedHandshake has the results of the attempts that determine why a handshake failed.
type FailedHandshake struct {
	// Anything is a hello with every version and cipher suite, proxied the same after a
	// header of the PROXY protocol, and clear is the answer to an A-ASSOCIATE-RQ without TLS,
	// empty if there was none.
	Anything, Proxied HelloResult
	Clear             string
}

// AttemptTimeout is how long each attempt may take.
const AttemptTimeout = 3 * time.Second

// ProxyHeader is the PROXY protocol's, version 1, for a connection without addresses
// (HAProxy, doc/proxy-protocol.txt section 2.1).
const ProxyHeader = "PROXY UNKNOWN\r\n"

// JudgeFailedHandshake is the check for a failed handshake. It is pure.
func JudgeFailedHandshake(err error, t FailedHandshake, p check.Endpoint, tenant string) check.Check {
	expected := fmt.Sprintf("a TLS handshake for %s at port %d", p.Host, p.Port)
	explain := "kubectl orthweb explain " + escape.ShellWord(tenant)
	alert, refused := alertOf(err)
	switch {
	case t.Anything.Accepted():
		return judgeOldSuite(t.Anything.Reply, expected)
	case t.Clear != "":
		return check.Failed(check.CodePlainDICOM, "the port speaks DICOM without TLS: an association was requested without TLS, and "+t.Clear, expected, finding.Fix{
			Text: "Set spec.servers[].port.protocol: TLS and tls for that port in the Gateway, and check whether the port belongs to the Gateway: anyone on the network path can read and change what is sent", Command: explain,
		})
	case t.Proxied.Accepted():
		return judgeProxy("the server expects a PROXY protocol header before TLS, which clients do not send", expected,
			"Enable the PROXY protocol in the load balancer in front, which alone sends the header, or disable it in the Gateway (proxyProtocol of its proxy configuration, or an EnvoyFilter)", explain)
	case bytes.HasPrefix(t.Anything.Reply.Start, []byte("PROXY")):
		return judgeProxy("the server sends a PROXY protocol header before TLS", expected, "Disable sending the PROXY protocol header (send-proxy) in the proxy in between", explain)
	case t.Anything.Reply.Kind == probe.Alerted:
		return judgeAlert(t.Anything.Reply.Alert, p, expected, explain)
	case refused:
		return judgeAlert(alert, p, expected, explain)
	}
	found, fix := "the TLS handshake failed: "+check.DescribeError(err), "Check whether a Gateway serves that name on that port, and whether the Secret with its certificate exists"
	if t.Anything.Reply.Kind == probe.Closed && probe.Ended(err) {
		found = "the connection is closed before the TLS handshake: no server accepts the name " + p.Host + ", or the port has no backend"
		fix = "Check whether spec.servers[].hosts of the Gateway has that name, and whether the Secret with its certificate exists"
	} else if what := protocolOf(t.Anything.Reply.Start); what != "" {
		found = "the port does not speak TLS: it answers with " + what
		fix = "Check whether the port is the Gateway's, and whether the Gateway has tls settings for it"
	}
	return noTLS(found, expected, fix, explain)
}

func noTLS(found, expected, fix, explain string) check.Check {
	return check.Failed(check.CodeNoTLS, found, expected, finding.Fix{Text: fix, Command: explain})
}

// judgeProxy is the check for a PROXY protocol that only one side uses.
func judgeProxy(found, expected, fix, explain string) check.Check {
	return check.Failed(check.CodeProxyProtocol, found, expected, finding.Fix{Text: fix, Command: explain})
}

// protocolOf names the protocol of an answer by its first bytes, empty if it is not known.
func protocolOf(start []byte) string {
	switch {
	case len(start) == 0:
		return ""
	case bytes.HasPrefix(start, []byte("HTTP/")):
		return "HTTP"
	case len(start) >= 2 && start[0] >= 1 && start[0] <= 7 && start[1] == 0:
		return fmt.Sprintf("a DICOM PDU of type %d", start[0])
	case bytes.HasPrefix(start, []byte("SSH-")):
		return "SSH"
	}
	return fmt.Sprintf("other bytes (%.16q)", start)
}

// judgeOldSuite is for a server that chose a version or cipher suite that crypto/tls does
// not have.
func judgeOldSuite(reply probe.Reply, expected string) check.Check {
	what := suiteName(reply.Version, reply.CipherSuite)
	if reply.Version < Tls12 {
		return oldTLS("the server supports at most " + what + ", which browsers and this program do not accept; older DICOM toolkits do")
	}
	return check.Failed(check.CodeOldSuites, "the server accepts only cipher suites without forward secrecy or with finite-field Diffie-Hellman, such as "+what+": older DICOM toolkits connect, browsers and this program do not",
		expected, finding.Fix{
			Text: "Add ECDHE suites with AES-GCM to spec.servers[].tls.cipherSuites of the Gateway, or omit that field: the default has them",
		})
}

// judgeAlert is for a server that refuses the handshake with an alert.
func judgeAlert(number uint8, p check.Endpoint, expected, explain string) check.Check {
	found := "the server refuses the handshake with the alert " + alertName(number)
	fix := "Check whether a Gateway serves that name on that port, and whether the Secret with its certificate exists"
	switch number {
	case 112:
		found += ": it does not serve the host " + p.Host
		fix = "Add the name to spec.servers[].hosts of the Gateway, or check which Gateway answers"
	case 40, 70, 71:
		found += ": client and server have no version or cipher suite in common, or the server has no certificate"
		fix = "Check minProtocolVersion, maxProtocolVersion and cipherSuites in spec.servers[].tls of the Gateway, and whether the Secret with its certificate exists"
	case 80:
		found += ": the server has an internal error"
		fix = "Check the log of the ingress, and whether the Secret with the certificate is complete"
	}
	return noTLS(found, expected, fix, explain)
}

// alertNames are those of RFC 8446 section 6, and of RFC 5246 section 7.2.
var alertNames = map[uint8]string{
	0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 22: "record_overflow", 40: "handshake_failure", 42: "bad_certificate",
	43: "unsupported_certificate", 44: "certificate_revoked", 45: "certificate_expired", 46: "certificate_unknown", 47: "illegal_parameter",
	48: "unknown_ca", 49: "access_denied", 50: "decode_error", 51: "decrypt_error", 70: "protocol_version", 71: "insufficient_security",
	80: "internal_error", 86: "inappropriate_fallback", 90: "user_canceled", 109: "missing_extension", 110: "unsupported_extension",
	112: "unrecognized_name", 113: "bad_certificate_status_response", 115: "unknown_psk_identity", 116: "certificate_required", 120: "no_application_protocol",
}

// alertOf is the number of the alert that crypto/tls received. Its error has only the text.
func alertOf(err error) (number uint8, ok bool) {
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "remote error" {
		return 0, false
	}
	for n := range 256 {
		if tls.AlertError(n).Error() == op.Err.Error() {
			return uint8(n), true
		}
	}
	return 0, false
}

// alertName is the name of an alert, with its number.
func alertName(number uint8) string {
	if name := alertNames[number]; name != "" {
		return fmt.Sprintf("%s (%d)", name, number)
	}
	return fmt.Sprint(number)
}

// refusesCertificate reports whether an alert refuses the certificate that a client has
// presented, or that it has presented none, for which a server of TLS 1.2 sends
// handshake_failure.
func refusesCertificate(number uint8) bool {
	return number >= 40 && number <= 49 || number == 51 || number == 116
}

// oldSuiteNames are those that crypto/tls has no name for.
var oldSuiteNames = map[uint16]string{
	0x0016: "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA", 0x0033: "TLS_DHE_RSA_WITH_AES_128_CBC_SHA", 0x0039: "TLS_DHE_RSA_WITH_AES_256_CBC_SHA",
	0x003D: "TLS_RSA_WITH_AES_256_CBC_SHA256", 0x009E: "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", 0x009F: "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
}

// suiteName is a version and a cipher suite.
func suiteName(version, suite uint16) string {
	name := oldSuiteNames[suite]
	if name == "" {
		name = tls.CipherSuiteName(suite)
	}
	return strings.TrimSpace(tls.VersionName(version) + ", " + name)
}
