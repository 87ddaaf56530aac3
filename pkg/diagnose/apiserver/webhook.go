// Package apiserver explains what extends an API server: the configurations of
// admission webhooks and APIServices whose backends do not respond.
package apiserver

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/refusal"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// ExplainWebhook blames the Services that a webhook configuration calls.
func ExplainWebhook(x *engine.Context, obj *unstructured.Unstructured, failing bool) engine.Result {
	e := engine.Result{Verdict: health.Verdict{Ref: object.RefOf(obj), Status: health.Ready}}
	for _, webhook := range object.List(obj.Object, "webhooks") {
		client := object.Map(webhook, "clientConfig")
		service := engine.CoreRef(object.ServiceKind.Kind, object.Text(client, "service", "namespace"), object.Text(client, "service", "name"))
		if service.Name == "" {
			continue // called by URL, from outside
		}
		switch answer := x.Snap.Lookup(service); answer.Presence {
		case snapshot.Unknown:
			e.Unknown = append(e.Unknown, *answer.Failure)
		case snapshot.Absent:
			f := webhookDown(obj, webhook, service)
			var blame []object.Ref
			f.Fixes, blame = refusal.RestoreService(x, obj, service)
			e.Findings, e.Blame = append(e.Findings, f), append(e.Blame, blame...)
		default:
			answering(&e, x, obj, webhook, service, failing)
		}
	}
	e.JudgeByFindings()
	return e
}

// answering blames the Service of a webhook without endpoints, and what has to write the
// CA with which the API server verifies it.
func answering(e *engine.Result, x *engine.Context, obj *unstructured.Unstructured, webhook map[string]any, service object.Ref, failing bool) {
	below := x.Examine(service, failing)
	if below.Verdict.Status != health.Ready || len(below.Blame)+len(below.Findings)+len(below.Fallback)+len(below.Unknown) > 0 {
		e.Blame = engine.AddRef(e.Blame, service)
		return
	}
	if object.Text(webhook, "clientConfig", "caBundle") != "" {
		return
	}
	injected := false
	for key, from := range obj.GetAnnotations() {
		if !strings.HasPrefix(key, "cert-manager.io/inject-ca-from") && !strings.HasPrefix(key, "cert-manager.io/inject-apiserver-ca") {
			continue
		}
		injected = true
		if namespace, name, ok := engine.CutNamespace(from); ok && key == "cert-manager.io/inject-ca-from" {
			certificate := object.Ref{APIVersion: object.CertificateKind.Group + "/v1", Kind: object.CertificateKind.Kind, Namespace: namespace, Name: name}
			if flux.KnownNotReady(x, certificate) {
				e.Blame = engine.AddRef(e.Blame, certificate)
			}
		}
	}
	if !injected || !failing { // without one the API server uses the system's CAs
		return
	}
	for _, ref := range flux.CertManager(x, "cainjector") {
		e.Blame = engine.AddRef(e.Blame, ref)
	}
}

// webhookDown is the finding on a webhook whose Service does not exist.
func webhookDown(obj *unstructured.Unstructured, webhook map[string]any, service object.Ref) finding.Finding {
	ref, name := object.RefOf(obj), object.Text(webhook, "name")
	f := finding.Finding{
		Code: engine.CodeWebhookUnreachable, Ref: ref, Reason: "NoService", Severity: finding.Critical,
		Message: fmt.Sprintf("the API server can't call webhook %s: %s, which it calls, does not exist", name, service),
		Evidence: []finding.Evidence{
			engine.Evidence(obj, "webhooks["+name+"].clientConfig.service.name", service.Name, time.Time{}),
			{Ref: service, Field: "object", Value: "does not exist"},
		},
	}
	if policy := object.Text(webhook, "failurePolicy"); policy != "" {
		f.Evidence = append(f.Evidence, engine.Evidence(obj, "webhooks["+name+"].failurePolicy", policy, time.Time{}))
	}
	return f
}
