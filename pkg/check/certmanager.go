package check

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

var installCertManager = finding.Fix{Text: "Install cert-manager; in Korthweb, the layer infrastructure does", Command: "kubectl orthweb explain kustomization/infrastructure -n flux-system"}

var certManagerTests = []test{
	{"certificates-served", served(object.CertificateKind, "v1", installCertManager)},
	{"certificaterequests-served", served(object.RequestKind, "v1", installCertManager)},
	{"issuers-served", served(object.IssuerKind, "v1", installCertManager)},
	{"cert-manager-controller", certManagerComponent("controller")},
	{"cert-manager-webhook", certManagerComponent("webhook")},
	{"cert-manager-cainjector", certManagerComponent("cainjector")},
	{"cert-manager-webhook-ca", certManagerWebhooks},
}

// ofCertManager recognizes the labels that cert-manager's chart sets (v1.21,
// templates/_helpers.tpl).
func ofCertManager(labels map[string]string) bool {
	return labels["app.kubernetes.io/name"] == "cert-manager" || labels["app.kubernetes.io/instance"] == "cert-manager" ||
		strings.HasPrefix(labels["helm.sh/chart"], "cert-manager-")
}

func certManagerComponent(component string) func(*cluster) Check {
	return func(c *cluster) Check {
		return c.available("cert-manager's "+component, installCertManager, func(d *unstructured.Unstructured) bool {
			return ofCertManager(d.GetLabels()) && d.GetLabels()["app.kubernetes.io/component"] == component
		})
	}
}

// webhookKinds are the kinds of webhook configurations that cert-manager installs.
var webhookKinds = []schema.GroupKind{object.ValidatingWebhookKind, object.MutatingWebhookKind}

// certManagerWebhooks checks that cert-manager's cainjector has written the CA with which the
// API server verifies the webhook.
func certManagerWebhooks(c *cluster) Check {
	var without []string
	found := 0
	for _, kind := range webhookKinds {
		configurations, unread := c.list(kind)
		for _, configuration := range configurations {
			if !ofCertManager(configuration.GetLabels()) && configuration.GetName() != "cert-manager-webhook" {
				continue
			}
			found++
			without = append(without, withoutCA(configuration)...)
		}
		if unread != nil {
			return *unread
		}
	}
	switch {
	case len(without) > 0:
		return fail(finding.Fix{
			Text:    "Check in its log why cert-manager's cainjector does not write caBundle",
			Command: "kubectl logs -n cert-manager deployment/cert-manager-cainjector --tail=50",
		}, "the API server can't verify webhooks without caBundle: %s", names(without))
	case found == 0:
		return warn(c.installAgain(installCertManager, func(d *unstructured.Unstructured) bool { return ofCertManager(d.GetLabels()) }),
			"cert-manager's webhook configuration is missing: its objects are not validated")
	}
	return pass("%s caBundle", haveCount(found, "webhook configuration"))
}

// haveCount is "1 webhook has", "2 webhooks have".
func haveCount(n int, noun string) string {
	if n == 1 {
		return "1 " + noun + " has"
	}
	return fmt.Sprintf("%d %ss have", n, noun)
}

// withoutCA are the webhooks of a configuration that call a Service without caBundle.
func withoutCA(configuration *unstructured.Unstructured) []string {
	var without []string
	for _, webhook := range object.List(configuration.Object, "webhooks") {
		if len(object.Map(webhook, "clientConfig", "service")) > 0 && object.Text(webhook, "clientConfig", "caBundle") == "" {
			without = append(without, configuration.GetKind()+" "+configuration.GetName())
			break
		}
	}
	return without
}
