package refusal

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/pods"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// Annotations for which cert-manager's cainjector writes a caBundle (v1.21,
// pkg/apis/certmanager/v1/types.go).
const (
	injectFrom       = "cert-manager.io/inject-ca-from"
	injectFromSecret = "cert-manager.io/inject-ca-from-secret"
	allowInjection   = "cert-manager.io/allow-direct-injection"
)

// badTLS reports a webhook whose certificate the API server does not accept: it has
// expired, is for another name, or is not signed by the CA in caBundle.
func (c WebhookCall) badTLS(detail string) ([]finding.Finding, []object.Ref) {
	f := c.finding(engine.CodeWebhookTLS, "TLS", detail)
	certificate := c.servingCertificate()
	if certificate != nil && flux.KnownNotReady(c.X, object.RefOf(certificate)) {
		f.Fixes = []finding.Fix{{Text: "Check why the webhook's certificate is not ready", Command: engine.Describe(object.RefOf(certificate))}}
		return []finding.Finding{f}, []object.Ref{object.RefOf(certificate)}
	}
	switch {
	case strings.Contains(detail, "unknown authority") || strings.Contains(detail, "verification failure") || strings.Contains(detail, "verification error"):
		return c.staleBundle(f)
	case strings.Contains(detail, "has expired"):
		f.Message += "; the webhook serves an expired certificate"
		f.Fixes = []finding.Fix{c.restart("Have the webhook's pods reload their certificate; if it does not change, check what renews it")}
	case certificate != nil && strings.Contains(detail, "is valid for"):
		name := c.service.Name + "." + c.service.Namespace + ".svc"
		f.Ref, f.Message = object.RefOf(certificate), fmt.Sprintf("%s is not valid for %s, the name by which the API server calls webhook %s", object.RefOf(certificate), name, c.hook.Name)
		f.Fixes = []finding.Fix{{Text: "Add " + name + " to spec.dnsNames", File: flux.File(c.X, certificate, "spec.dnsNames"), Command: flux.ApplyCommand(c.X, certificate)}}
	default:
		f.Fixes = []finding.Fix{c.logs(), c.inspect("Check what serves the webhook")}
	}
	return single(f)
}

// servingCertificate is the Certificate whose Secret the webhook's pods mount, nil if
// none is known.
func (c WebhookCall) servingCertificate() *unstructured.Unstructured {
	for _, workload := range c.X.Selected(engine.SelectorOf(c.answer.Object), c.service.Namespace) {
		path := []string{"spec", "template", "spec", "volumes"}
		if workload.GetKind() == "Pod" {
			path = []string{"spec", "volumes"}
		}
		for _, volume := range object.List(workload.Object, path...) {
			for _, creator := range pods.CertificatesFor(c.X, c.service.Namespace, object.Text(volume, "secret", "secretName")) {
				return creator
			}
		}
	}
	return nil
}

// staleBundle reports a caBundle without the CA that signed the webhook's certificate.
// The cause is what writes caBundle, according to the configuration's annotations.
func (c WebhookCall) staleBundle(f finding.Finding) ([]finding.Finding, []object.Ref) {
	if c.Config == nil {
		f.Fixes = []finding.Fix{c.inspect("Compare caBundle in the webhook's configuration with the CA that signed the webhook's certificate")}
		return single(f)
	}
	f.Message += "; the configuration's caBundle is not the webhook's CA"
	notes := c.Config.GetAnnotations()
	for _, key := range []string{injectFrom, injectFromSecret} {
		if notes[key] == "" {
			continue
		}
		if _, _, named := engine.CutNamespace(notes[key]); !named { // of a Secret: redacted
			return c.notInjected(f, "", "")
		}
		f.Evidence = append(f.Evidence, engine.Evidence(c.Config, "metadata.annotations["+key+"]", notes[key], time.Time{}))
		return c.notInjected(f, key, notes[key])
	}
	switch release := flux.Installer(c.X, c.Config); {
	case strings.HasPrefix(c.service.Name, "istiod"): // writes it itself (istio 1.28, pkg/webhooks/webhookpatch.go)
		f.Fixes = []finding.Fix{c.restart("Restart istiod, which writes caBundle when it starts")}
	case release != nil:
		ref := object.RefOf(release)
		f.Fixes = []finding.Fix{{Text: "Have Helm render the certificate and caBundle again, which both come from " + ref.String(),
			Command: escape.Command("flux reconcile helmrelease %s -n %s --force", ref.Name, ref.Namespace)}}
	default:
		f.Fixes = []finding.Fix{c.inspect("Find out what writes caBundle, and have it write the CA of the certificate that the webhook serves"), c.logs()}
	}
	return single(f)
}

// notInjected explains why cert-manager's cainjector has not written caBundle from a
// Certificate or a Secret.
func (c WebhookCall) notInjected(f finding.Finding, key, from string) ([]finding.Finding, []object.Ref) {
	var blame []object.Ref
	namespace, name, _ := engine.CutNamespace(from)
	source := object.Ref{APIVersion: object.CertificateKind.Group + "/v1", Kind: object.CertificateKind.Kind, Namespace: namespace, Name: name}
	if key == injectFromSecret {
		source = engine.CoreRef(object.SecretKind.Kind, namespace, name)
	}
	answer := snapshot.Answer{}
	if name != "" {
		answer = c.X.Snap.Lookup(source)
	}
	switch {
	case answer.Presence == snapshot.Absent:
		f.Ref, f.Reason = source, "CASourceNotFound"
		f.Message = fmt.Sprintf("the API server can't call webhook %s: its CA comes from %s, which does not exist", c.hook.Name, source)
		f.Evidence = append(f.Evidence, finding.Evidence{Ref: source, Field: "object", Value: "does not exist"})
		f.Fixes = flux.RecreateFixes(c.X, engine.ConfigSource{Ref: source}, object.Ref{}, false)
		return single(f)
	case key == injectFromSecret && answer.Presence == snapshot.Present && answer.Object.GetAnnotations()[allowInjection] != "true":
		f.Ref, f.Reason = source, "InjectionNotAllowed"
		f.Message = fmt.Sprintf("the API server can't call webhook %s: cainjector cannot read its CA from %s, which lacks the annotation %s", c.hook.Name, source, allowInjection)
		f.Fixes = []finding.Fix{{Text: "Add the annotation", Command: escape.Command("kubectl annotate secret %s -n %s %s=true", name, namespace, allowInjection)}}
		return single(f)
	case key == injectFrom && flux.KnownNotReady(c.X, source):
		blame = append(blame, source)
	}
	blame = append(blame, flux.CertManager(c.X, "cainjector")...)
	f.Fixes = []finding.Fix{{Text: "Check in its log why cert-manager's cainjector does not write caBundle", Command: "kubectl logs -n cert-manager deployment/cert-manager-cainjector --tail=50"}}
	for _, deployment := range flux.CertManagers(c.X, "cainjector") {
		f.Fixes[0].Command = escape.Command("kubectl logs -n %s deployment/%s --tail=50", deployment.GetNamespace(), deployment.GetName())
	}
	return []finding.Finding{f}, blame
}

// restart restarts the webhook's pods, or shows them if their workload is not known.
func (c WebhookCall) restart(text string) finding.Fix {
	for _, workload := range c.X.Selected(engine.SelectorOf(c.answer.Object), c.service.Namespace) {
		if workload.GetKind() != "Pod" {
			return finding.Fix{Text: text, Command: escape.Command("kubectl rollout restart %s %s -n %s", engine.ResourceOf(object.RefOf(workload)), workload.GetName(), workload.GetNamespace())}
		}
	}
	return c.inspect(text)
}
