package web

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// upstream is an error of a server between the client and Orthanc.
type upstream struct {
	// status, 0 for any, and says, in lower case, identify the error; the body contains all
	// of says.
	status  int
	message []string
	// code is CodeWebUpstream if it is empty.
	code finding.Code
	// means is appended to the answer.
	means, fix string
	command    func(tenant string) string
}

func explainCommand(tenant string) string {
	return "kubectl orthweb explain " + escape.ShellWord(tenant)
}

func logCommand(tenant string) string { return check.LogFix(tenant).Command }

func tlsRulesCommand(string) string {
	return "kubectl get destinationrules.networking.istio.io,peerauthentications.security.istio.io -A"
}

const (
	portFix = "Compare the port in the VirtualService, the port and targetPort of the Service, and HttpPort in Orthanc's configuration; check whether Orthanc is running"
	httpFix = "Orthanc's HTTP port is not its DICOM port: compare the port in the VirtualService with HttpPort and DicomPort in Orthanc's configuration. If SslEnabled is set there, the ingress must use TLS to it (DestinationRule, trafficPolicy.tls); check whether Orthanc restarts"
	tlsFix  = "Compare trafficPolicy.tls of the DestinationRule and the mode of the PeerAuthentication with what Orthanc's pod has: a sidecar, or SslEnabled in its configuration"
)

// upstreams are the errors that Envoy, nginx, Go and HAProxy return if the server behind
// them does not work (Envoy, response code details). The first match counts.
var upstreams = []upstream{
	{status: 400, message: []string{"http request", "https port"}, means: "; the ingress speaks HTTP to a port that expects HTTPS", fix: tlsFix, command: tlsRulesCommand},
	{status: 400, message: []string{"http request to an https server"}, means: "; the ingress speaks HTTP to a port that expects HTTPS", fix: tlsFix, command: tlsRulesCommand},
	{status: 503, message: []string{"no healthy upstream"}, code: check.CodeWebStatus, fix: "Check why no Orthanc pod is ready", command: explainCommand},
	{message: []string{"upstream connect error", "tls"}, means: "; the ingress and Orthanc's pod do not agree on TLS", fix: tlsFix, command: tlsRulesCommand},
	{message: []string{"upstream connect error", "overflow"}, means: "; the ingress allows no more connections to Orthanc", fix: "Check trafficPolicy.connectionPool of the DestinationRule, and what keeps the connections busy", command: tlsRulesCommand},
	{message: []string{"upstream connect error", "connection failure"}, means: "; the ingress can't connect to Orthanc's port", fix: portFix, command: RoutesCommand},
	{message: []string{"upstream connect error", "delayed connect error"}, means: "; the ingress can't connect to Orthanc's port", fix: portFix, command: RoutesCommand},
	{message: []string{"upstream connect error", "connection timeout"}, means: "; the ingress can't connect to Orthanc's port", fix: portFix, command: RoutesCommand},
	{message: []string{"upstream connect error"}, means: "; the server that the ingress connects to closes the connection", fix: httpFix, command: RoutesCommand},
	{status: http.StatusBadGateway, means: "; the server behind the ingress returns no valid HTTP response", fix: httpFix, command: RoutesCommand},
	{status: http.StatusGatewayTimeout, means: "; Orthanc did not respond in time", fix: "Check what keeps Orthanc busy, and the timeout of the VirtualService", command: logCommand},
}

// upstreamError returns the upstream error that the answer contains, if any.
func upstreamError(r Reply) (upstream, bool) {
	if len(r.Body) > maxErrorBody {
		r.Body = r.Body[:maxErrorBody]
	}
	text := strings.ToLower(string(r.Body))
	for _, u := range upstreams {
		fits := u.status == r.Status || u.status == 0 && r.Status >= http.StatusInternalServerError
		for _, message := range u.message {
			fits = fits && strings.Contains(text, message)
		}
		if fits {
			u.code = cmp.Or(u.code, check.CodeWebUpstream)
			return u, true
		}
	}
	return upstream{}, false
}

// maxErrorBody is how much of an error's body is searched, in bytes.
const maxErrorBody = 64 << 10
