package apierror

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

// Webhook is the admission webhook that refused the request, or could not be called.
type Webhook struct {
	// Name is the name of the webhook in its configuration ("validation.istio.io").
	Name    string
	Failure WebhookFailure
	// ServiceName and ServiceNamespace identify its Service; empty for a webhook that
	// is called by URL, and if it answered.
	ServiceName, ServiceNamespace string
	Port                          int
	// Path is the path of the URL ("/mutate"): a mutating and a validating
	// configuration may use the same name.
	Path string
	// Dialed is the address that the API server connected to ("10.228.0.5:15017"), if
	// the message has it.
	Dialed string
	// Denials are the policies that refused the request, if a policy engine names
	// them.
	Denials []Denial
}

// WebhookFailure is how a webhook failed.
type WebhookFailure string

// The ways a webhook fails (k8s.io/apiserver v0.36, pkg/util/webhook/error.go,
// pkg/util/proxy/proxy.go, pkg/admission/plugin/webhook/errors).
const (
	WebhookDenied      WebhookFailure = "Denied" // it denied the request
	WebhookNoEndpoints WebhookFailure = "NoEndpoints"
	WebhookNoService   WebhookFailure = "NoService" // or no such port
	WebhookRefused     WebhookFailure = "Refused"
	WebhookTimeout     WebhookFailure = "Timeout"
	// WebhookNoRoute: the network between the API server and the pod does not forward
	// the connection: there is no route, or a proxy of the control plane failed.
	WebhookNoRoute        WebhookFailure = "NoRoute"
	WebhookTLS            WebhookFailure = "TLS"
	WebhookOtherFailure   WebhookFailure = "Other"
	WebhookNoDryRun       WebhookFailure = "NoDryRun" // it has side effects: a dry run omits it
	webhookFailedUnspoken                = "no further details available"
)

var (
	// k8s.io/apiextensions-apiserver v0.36, pkg/apiserver/conversion/webhook_converter.go.
	webhookConversion = match.Wording(`(?s)conversion webhook for (?P<kind>[^\s]+, Kind=` + match.KindShape + `) failed: (?P<why>.*)$`)
	webhookFailed     = match.Wording(`(?s)failed calling webhook "(?P<name>[^"\s]+)"(?:: |; )(?P<why>.*)$`)
	webhookDenied     = match.Wording(`(?s)admission webhook "(?P<name>[^"\s]+)" denied the request(?:: (?P<why>.*)| without explanation.*)$`)
	webhookNoDryRun   = match.Wording(`admission webhook "(?P<name>[^"\s]+)" does not support dry run`)
	// Go's net/http writes the URL before its error, in quotes.
	webhookURL     = match.Wording(`(?s)\b(?:Post|POST) "?(https://[^"\s]+?)"?: (.*)$`)
	webhookService = match.Wording(`\bservice "(` + match.NameShape + `)"`)
	// Go's net.OpError; k3s v1.30, pkg/daemons/control/proxy.go, with the pod's
	// address.
	webhookDialed = match.Wording(`\b(?:dial tcp|while dialing) (\[?[0-9a-fA-F.:]+\]?:\d+)\b`)
)

func readWebhook(text string, _ bool, e *Error) bool {
	failed, denied := webhookFailed.FindStringIndex(text), webhookDenied.FindStringIndex(text)
	if denied != nil && (failed == nil || denied[0] < failed[0]) {
		found := match.Groups(webhookDenied, text)
		e.Problem, e.Detail = ProblemWebhook, match.Detail(found["why"])
		e.Webhook = Webhook{Name: match.Word(found["name"]), Failure: WebhookDenied, Denials: denials(found["why"])}
		return true
	}
	if found := match.Groups(webhookConversion, text); found != nil && failed == nil {
		_, kind, _ := strings.Cut(found["kind"], "Kind=")
		e.failedCall("for conversion of "+kind, found["why"])
		return true
	}
	if failed == nil {
		found := match.Groups(webhookNoDryRun, text)
		if found == nil {
			return false
		}
		e.Problem, e.Webhook = ProblemWebhook, Webhook{Name: match.Word(found["name"]), Failure: WebhookNoDryRun}
		return true
	}
	found := match.Groups(webhookFailed, text)
	e.failedCall(match.Word(found["name"]), found["why"])
	return true
}

// failedCall records a webhook that could not be called.
func (e *Error) failedCall(name, why string) {
	e.Problem, e.Webhook = ProblemWebhook, Webhook{Name: name}
	why = match.FirstLine(why)
	if called := webhookURL.FindStringSubmatch(why); called != nil {
		e.Webhook.service(called[1])
		why = called[2]
	}
	if service := webhookService.FindStringSubmatch(why); service != nil && e.Webhook.ServiceName == "" {
		e.Webhook.ServiceName = service[1]
	}
	if dialed := webhookDialed.FindStringSubmatch(why); dialed != nil {
		e.Webhook.Dialed = match.Word(dialed[1])
	}
	if e.Webhook.Failure = webhookFailure(why); !strings.HasPrefix(why, webhookFailedUnspoken) {
		e.Detail = match.Detail(why)
	}
}

// service reads "https://name.namespace.svc:port/path", which is how a Service
// is called (k8s.io/apiserver v0.36, pkg/util/webhook/client.go).
func (w *Webhook) service(address string) {
	called, err := url.Parse(address)
	if err != nil {
		return
	}
	parts := strings.Split(called.Hostname(), ".")
	if len(parts) < 3 || parts[2] != "svc" || !match.IsNamespace(parts[0]) || !match.IsNamespace(parts[1]) {
		return
	}
	w.ServiceName, w.ServiceNamespace, w.Port = parts[0], parts[1], 443
	if len(called.Path) <= match.MaxName {
		w.Path = called.Path
	}
	if port, err := strconv.ParseUint(called.Port(), 10, 16); err == nil {
		w.Port = int(port)
	}
}

// noRoute are the messages of a network that does not forward: Linux' own, k3s'
// tunnel (pkg/daemons/control/proxy.go), apiserver-network-proxy's (v0.32,
// pkg/server/backend_manager.go) and what EKS' API server prints for pods outside
// of its network.
var noRoute = []string{"no route to host", "network is unreachable", "host is down", "proxy error from", "No agent available", "Address is not allowed"}

func webhookFailure(why string) WebhookFailure {
	switch {
	case strings.Contains(why, "no endpoints available for service"):
		return WebhookNoEndpoints
	case match.ContainsAny(why, "no service port", "no such host"), webhookService.MatchString(why) && strings.HasSuffix(why, "not found"):
		return WebhookNoService
	case match.ContainsAny(why, noRoute...):
		return WebhookNoRoute
	case strings.Contains(why, "connection refused"):
		return WebhookRefused
	case match.ContainsAny(why, "deadline exceeded", "i/o timeout", "net/http: request canceled", "connection timed out", "TLS handshake timeout"):
		return WebhookTimeout
	case match.ContainsAny(why, "x509: ", "tls: "):
		return WebhookTLS
	}
	return WebhookOtherFailure
}
