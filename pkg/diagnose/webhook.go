package diagnose

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// explainWebhook blames the Services that a webhook configuration calls.
func explainWebhook(x *examiner, obj *unstructured.Unstructured, failing bool) exam {
	e := exam{verdict: health.Verdict{Ref: finding.RefOf(obj), Status: health.Ready}}
	for _, webhook := range field.List(obj.Object, "webhooks") {
		client := field.Map(webhook, "clientConfig")
		service := coreRef(health.ServiceKind.Kind, field.Text(client, "service", "namespace"), field.Text(client, "service", "name"))
		if service.Name == "" {
			continue // called by URL, from outside
		}
		switch answer := x.snap.Lookup(service); answer.Presence {
		case snapshot.Unknown:
			e.unknown = append(e.unknown, *answer.Why)
		case snapshot.Absent:
			f := webhookDown(obj, webhook, service)
			var blame []finding.Ref
			f.Fixes, blame = x.restoreService(obj, service)
			e.findings, e.blame = append(e.findings, f), append(e.blame, blame...)
		default:
			e.answering(x, obj, webhook, service, failing)
		}
	}
	e.judge()
	return e
}

// answering blames the Service of a webhook without endpoints, and what has to write the
// CA with which the API server verifies it.
func (e *exam) answering(x *examiner, obj *unstructured.Unstructured, webhook map[string]any, service finding.Ref, failing bool) {
	below := x.examine(service, failing)
	if below.verdict.Status != health.Ready || len(below.blame)+len(below.findings)+len(below.fallback)+len(below.unknown) > 0 {
		e.blame = addRef(e.blame, service)
		return
	}
	if field.Text(webhook, "clientConfig", "caBundle") != "" {
		return
	}
	injected := false
	for key, from := range obj.GetAnnotations() {
		if !strings.HasPrefix(key, "cert-manager.io/inject-ca-from") && !strings.HasPrefix(key, "cert-manager.io/inject-apiserver-ca") {
			continue
		}
		injected = true
		if namespace, name, ok := cutNamespace(from); ok && key == "cert-manager.io/inject-ca-from" {
			certificate := finding.Ref{APIVersion: health.CertificateKind.Group + "/v1", Kind: health.CertificateKind.Kind, Namespace: namespace, Name: name}
			if x.knownNotReady(certificate) {
				e.blame = addRef(e.blame, certificate)
			}
		}
	}
	if !injected || !failing { // without one the API server uses the system's CAs
		return
	}
	for _, ref := range x.certManager("cainjector") {
		e.blame = addRef(e.blame, ref)
	}
}

// webhookDown is the finding on a webhook whose Service does not exist.
func webhookDown(obj *unstructured.Unstructured, webhook map[string]any, service finding.Ref) finding.Finding {
	ref, name := finding.RefOf(obj), field.Text(webhook, "name")
	f := finding.Finding{
		Code: codeWebhookUnreachable, Ref: ref, Reason: "NoService", Severity: finding.Critical,
		Message: fmt.Sprintf("the API server can't call webhook %s: %s, which it calls, does not exist", name, service),
		Evidence: []finding.Evidence{
			evidence(obj, "webhooks["+name+"].clientConfig.service.name", service.Name, time.Time{}),
			{Ref: service, Field: "object", Value: "does not exist"},
		},
	}
	if policy := field.Text(webhook, "failurePolicy"); policy != "" {
		f.Evidence = append(f.Evidence, evidence(obj, "webhooks["+name+"].failurePolicy", policy, time.Time{}))
	}
	return f
}

// webhookNamed finds the configuration and the entry of a webhook. Several may have its
// name, as with Istio's revisions: the one that calls the same Service is meant.
func (x *examiner) webhookNamed(hook fluxmsg.Webhook) (config *unstructured.Unstructured, entry map[string]any) {
	known := false // whether the entry calls the Service, though maybe at another path
	for _, kind := range webhookKinds {
		for _, obj := range x.snap.List(kind, "").Objects {
			for _, webhook := range field.List(obj.Object, "webhooks") {
				called := field.Map(webhook, "clientConfig", "service")
				same := hook.ServiceName == "" || field.Text(called, "name") == hook.ServiceName && field.Text(called, "namespace") == hook.ServiceNamespace
				path := field.Text(called, "path")
				switch named := field.Text(webhook, "name") == hook.Name; {
				case named && same && (hook.Path == "" || path == hook.Path):
					return obj, webhook
				case named && same && !known || named && entry == nil:
					config, entry, known = obj, webhook, same
				}
			}
		}
	}
	return config, entry
}
