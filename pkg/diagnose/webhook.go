package diagnose

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

func init() { register(explainWebhook, validatingWebhookKind, mutatingWebhookKind) }

// explainWebhook follows a webhook configuration to the Services that it calls.
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
			e.findings = append(e.findings, webhookDown(obj, webhook, "NoService", service.String()+", which should answer it, does not exist"))
		default:
			e.answering(x, obj, webhook, service, failing)
		}
	}
	e.judge()
	return e
}

// answering blames the Service of a webhook that has no endpoints, and what
// should have put in the authority by which the API server knows it.
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
			if x.unwell(certificate) {
				e.blame = addRef(e.blame, certificate)
			}
		}
	}
	if !injected || !failing { // without one the API server goes by the system's authorities
		return
	}
	for _, ref := range x.certManager("cainjector") {
		e.blame = addRef(e.blame, ref)
	}
}

func webhookDown(obj *unstructured.Unstructured, webhook map[string]any, reason, why string) finding.Finding {
	ref, name := finding.RefOf(obj), field.Text(webhook, "name")
	return finding.Finding{
		Code: codeWebhookUnreachable, Ref: ref, Reason: reason, Severity: finding.Critical,
		Message: fmt.Sprintf("the API server can't ask webhook %s of %s: %s", name, ref, why),
		Evidence: []finding.Evidence{
			evidence(obj, "webhooks["+name+"].clientConfig.service", field.Text(webhook, "clientConfig", "service", "namespace")+"/"+field.Text(webhook, "clientConfig", "service", "name"), time.Time{}),
			evidence(obj, "webhooks["+name+"].failurePolicy", cmp.Or(field.Text(webhook, "failurePolicy"), "Fail"), time.Time{}),
		},
		Fixes: []finding.Fix{{Text: "Bring the webhook's server back; if it was removed for good, remove its configuration too",
			Command: fmt.Sprintf("kubectl get %s %s -o yaml", strings.ToLower(ref.Kind), ref.Name)}},
	}
}

// webhookNamed finds the configuration and the entry of a webhook.
func (x *examiner) webhookNamed(name string) (*unstructured.Unstructured, map[string]any) {
	for _, kind := range webhookKinds {
		for _, obj := range x.snap.List(kind, "").Objects {
			for _, webhook := range field.List(obj.Object, "webhooks") {
				if field.Text(webhook, "name") == name {
					return obj, webhook
				}
			}
		}
	}
	return nil, nil
}
