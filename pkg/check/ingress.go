package check

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

var installIstio = finding.Fix{Text: "Install Istio; in Korthweb, the layer infrastructure does", Command: "kubectl orthweb explain kustomization/infrastructure -n flux-system"}

var ingressTests = []test{
	{"gateways-served", gatewaysServed},
	{"istiod", istiod},
	{"sidecar-injector", sidecarInjector},
	{"gateway-class", gatewayClass},
}

// istio is whether the cluster serves Istio's Gateways and VirtualServices, in any version:
// Korthweb uses v1beta1 (gitops/application/base/route), which Istio still serves.
func (c *cluster) istio() Check {
	gateways := c.served(object.GatewayKind, "", installIstio)
	routes := c.served(object.VirtualServiceKind, "", installIstio)
	switch {
	case gateways.Outcome != Pass:
		return gateways
	case routes.Outcome != Pass:
		return routes
	}
	gateways.Message = "Istio's Gateway and VirtualService: " + gateways.Message
	return gateways
}

// gatewayAPI is whether the cluster serves the Kubernetes Gateway API.
func (c *cluster) gatewayAPI() Check { return c.served(object.APIGatewayKind, "v1", installIstio) }

// gatewaysServed requires Istio's API, as Korthweb uses, or the Gateway API.
func gatewaysServed(c *cluster) Check {
	istio := c.istio()
	if istio.Outcome == Pass {
		return istio
	}
	if api := c.gatewayAPI(); api.Outcome == Pass {
		api.Message = "the Gateway API: " + api.Message
		return api
	}
	return istio
}

// istiod applies unless the cluster uses the Gateway API without Istio.
func istiod(c *cluster) Check {
	if c.istio().Outcome == Fail && c.gatewayAPI().Outcome == Pass {
		return Check{}
	}
	return c.available("istiod", installIstio, isIstiod)
}

// isIstiod recognizes the label of istiod's Deployment (istio 1.20,
// charts/istio-control/istio-discovery/templates/deployment.yaml).
func isIstiod(deployment *unstructured.Unstructured) bool {
	return deployment.GetLabels()["app"] == "istiod"
}

// sidecarInjector checks the webhook that adds Istio's proxy to pods. Without it, the
// tenants' pods have no proxy, and gateways of Istio's chart have no image.
func sidecarInjector(c *cluster) Check {
	if c.istio().Outcome != Pass {
		return Check{}
	}
	configurations, unread := c.list(object.MutatingWebhookKind)
	var without []string
	found := 0
	for _, configuration := range configurations {
		// istio 1.20, charts/istio-control/istio-discovery/templates/mutatingwebhook.yaml
		if configuration.GetLabels()["app"] == "sidecar-injector" {
			found++
			without = append(without, withoutCA(configuration)...)
		}
	}
	switch {
	case len(without) > 0:
		return fail(finding.Fix{Text: "Restart istiod, which writes caBundle when it starts", Command: "kubectl rollout restart -n istio-system deployment/istiod"},
			"the API server can't verify webhooks without caBundle: %s", names(without))
	case unread != nil:
		return *unread
	case found == 0:
		return warn(c.installAgain(installIstio, isIstiod),
			"Istio's sidecar injection webhook is missing: new pods get no proxy, and gateways of Istio's chart no image")
	}
	return pass("%s caBundle", haveCount(found, "webhook configuration"))
}

// gatewayClass applies to a cluster that uses the Gateway API without Istio's own API.
func gatewayClass(c *cluster) Check {
	if c.istio().Outcome == Pass || c.gatewayAPI().Outcome != Pass {
		return Check{}
	}
	classes, unread := c.list(object.GatewayClassKind)
	var refused []string
	for _, class := range classes {
		if c.health.Of(object.RefOf(class)).Status == health.Ready {
			return pass("%s is accepted", class.GetName())
		}
		refused = append(refused, class.GetName())
	}
	switch {
	case unread != nil:
		return *unread
	case len(refused) > 0:
		return fail(finding.Fix{Text: "Check the conditions of the GatewayClass", Command: describe(classes[0])}, "no controller has accepted a GatewayClass: %s", names(refused))
	}
	return fail(finding.Fix{Text: "Install a controller of the Gateway API with its GatewayClass"}, "no GatewayClass exists")
}
