package diagnose

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// Annotations by which cert-manager's cainjector writes a caBundle (v1.21,
// pkg/apis/certmanager/v1/types.go).
const (
	injectFrom       = "cert-manager.io/inject-ca-from"
	injectFromSecret = "cert-manager.io/inject-ca-from-secret"
	allowInjection   = "cert-manager.io/allow-direct-injection"
)

// badTLS is a webhook whose certificate the API server does not accept: it has
// expired, is for another name, or is not signed by the CA in caBundle.
func (c webhookCall) badTLS(detail string) ([]finding.Finding, []finding.Ref) {
	f := c.finding(codeWebhookTLS, "TLS", detail)
	certificate := c.servingCertificate()
	if certificate != nil && c.x.knownNotReady(finding.RefOf(certificate)) {
		f.Fixes = []finding.Fix{{Text: "Check why the webhook's certificate is not ready", Command: describe(finding.RefOf(certificate))}}
		return []finding.Finding{f}, []finding.Ref{finding.RefOf(certificate)}
	}
	switch {
	case strings.Contains(detail, "unknown authority") || strings.Contains(detail, "verification failure") || strings.Contains(detail, "verification error"):
		return c.staleBundle(f)
	case strings.Contains(detail, "has expired"):
		f.Message += "; the webhook serves an expired certificate"
		f.Fixes = []finding.Fix{c.restart("Have the webhook's pods reload their certificate; if it does not change, check what renews it")}
	case certificate != nil && strings.Contains(detail, "is valid for"):
		name := c.service.Name + "." + c.service.Namespace + ".svc"
		f.Ref, f.Message = finding.RefOf(certificate), fmt.Sprintf("%s is not valid for %s, the name by which the API server calls webhook %s", finding.RefOf(certificate), name, c.hook.Name)
		f.Fixes = []finding.Fix{{Text: "Add " + name + " to spec.dnsNames", File: c.x.file(certificate, "spec.dnsNames"), Command: c.x.applyNow(certificate)}}
	default:
		f.Fixes = []finding.Fix{c.logs(), c.inspect("Check what serves the webhook")}
	}
	return one(f)
}

// servingCertificate is the Certificate whose Secret the webhook's pods mount,
// nil when none is known.
func (c webhookCall) servingCertificate() *unstructured.Unstructured {
	for _, workload := range c.x.selected(selectorOf(c.answer.Object), c.service.Namespace) {
		path := []string{"spec", "template", "spec", "volumes"}
		if workload.GetKind() == "Pod" {
			path = []string{"spec", "volumes"}
		}
		for _, volume := range field.List(workload.Object, path...) {
			for _, maker := range c.x.makers(c.service.Namespace, field.Text(volume, "secret", "secretName")) {
				return maker
			}
		}
	}
	return nil
}

// staleBundle is a caBundle that is not that of the CA which signed what the
// webhook serves. What writes it, by the configuration's annotations, is at
// fault.
func (c webhookCall) staleBundle(f finding.Finding) ([]finding.Finding, []finding.Ref) {
	if c.config == nil {
		f.Fixes = []finding.Fix{c.inspect("Compare caBundle in the webhook's configuration with the CA that signed the webhook's certificate")}
		return one(f)
	}
	f.Message += "; the configuration's caBundle is not the webhook's CA"
	notes := c.config.GetAnnotations()
	for _, key := range []string{injectFrom, injectFromSecret} {
		if notes[key] == "" {
			continue
		}
		if _, _, named := cutNamespace(notes[key]); !named { // of a Secret: redacted
			return c.notInjected(f, "", "")
		}
		f.Evidence = append(f.Evidence, evidence(c.config, "metadata.annotations["+key+"]", notes[key], time.Time{}))
		return c.notInjected(f, key, notes[key])
	}
	switch release := c.x.installer(c.config); {
	case strings.HasPrefix(c.service.Name, "istiod"): // writes it itself (istio 1.28, pkg/webhooks/webhookpatch.go)
		f.Fixes = []finding.Fix{c.restart("Restart istiod, which writes caBundle when it starts")}
	case release != nil:
		ref := finding.RefOf(release)
		f.Fixes = []finding.Fix{{Text: "Have Helm render the certificate and caBundle again, which both come from " + ref.String(),
			Command: escape.Command("flux reconcile helmrelease %s -n %s --force", ref.Name, ref.Namespace)}}
	default:
		f.Fixes = []finding.Fix{c.inspect("Find out what writes caBundle, and have it write the CA of the certificate that the webhook serves"), c.logs()}
	}
	return one(f)
}

// notInjected is a caBundle that cert-manager's cainjector has to write, from a
// Certificate or a Secret.
func (c webhookCall) notInjected(f finding.Finding, key, from string) ([]finding.Finding, []finding.Ref) {
	var blame []finding.Ref
	namespace, name, _ := cutNamespace(from)
	source := finding.Ref{APIVersion: health.CertificateKind.Group + "/v1", Kind: health.CertificateKind.Kind, Namespace: namespace, Name: name}
	if key == injectFromSecret {
		source = coreRef(secretKind.Kind, namespace, name)
	}
	answer := snapshot.Answer{}
	if name != "" {
		answer = c.x.snap.Lookup(source)
	}
	switch {
	case answer.Presence == snapshot.Absent:
		f.Ref, f.Reason = source, "CASourceNotFound"
		f.Message = fmt.Sprintf("the API server can't call webhook %s: its CA comes from %s, which does not exist", c.hook.Name, source)
		f.Evidence = append(f.Evidence, finding.Evidence{Ref: source, Field: "object", Value: "does not exist"})
		f.Fixes = c.x.recreateFixes(part{ref: source}, finding.Ref{}, false)
		return one(f)
	case key == injectFromSecret && answer.Presence == snapshot.Present && answer.Object.GetAnnotations()[allowInjection] != "true":
		f.Ref, f.Reason = source, "InjectionNotAllowed"
		f.Message = fmt.Sprintf("the API server can't call webhook %s: cainjector cannot read its CA from %s, which lacks the annotation %s", c.hook.Name, source, allowInjection)
		f.Fixes = []finding.Fix{{Text: "Add the annotation", Command: escape.Command("kubectl annotate secret %s -n %s %s=true", name, namespace, allowInjection)}}
		return one(f)
	case key == injectFrom && c.x.knownNotReady(source):
		blame = append(blame, source)
	}
	blame = append(blame, c.x.certManager("cainjector")...)
	f.Fixes = []finding.Fix{{Text: "Check in its log why cert-manager's cainjector does not write caBundle", Command: "kubectl logs -n cert-manager deployment/cert-manager-cainjector --tail=50"}}
	for _, deployment := range c.x.certManagers("cainjector") {
		f.Fixes[0].Command = escape.Command("kubectl logs -n %s deployment/%s --tail=50", deployment.GetNamespace(), deployment.GetName())
	}
	return []finding.Finding{f}, blame
}

// restart restarts the webhook's pods, or shows them where what runs them is not
// known.
func (c webhookCall) restart(text string) finding.Fix {
	for _, workload := range c.x.selected(selectorOf(c.answer.Object), c.service.Namespace) {
		if workload.GetKind() != "Pod" {
			return finding.Fix{Text: text, Command: escape.Command("kubectl rollout restart %s %s -n %s", resourceOf(finding.RefOf(workload)), workload.GetName(), workload.GetNamespace())}
		}
	}
	return c.inspect(text)
}
