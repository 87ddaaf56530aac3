package diagnose

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// ingressPath are the objects between a tenant's clients and its pods, in a fixed
// order: Gateways, routes, the Services that these lead to and those in front of
// the gateway pods, the policies that may deny the connections, and the
// autoscalers. No health check watches most of them.
func (x *examiner) ingressPath(t tenant.Tenant) []finding.Ref {
	var refs []finding.Ref
	add := func(objects ...*unstructured.Unstructured) {
		for _, obj := range objects {
			refs = addRef(refs, finding.RefOf(obj))
		}
	}
	list := func(kinds ...schema.GroupKind) {
		for _, kind := range kinds {
			for _, namespace := range t.Namespaces {
				add(x.snap.List(kind, namespace).Objects...)
			}
		}
	}
	list(health.GatewayKind, health.VirtualServiceKind, destinationRuleKind, health.APIGatewayKind, health.HTTPRouteKind,
		health.GRPCRouteKind, health.TLSRouteKind, health.TCPRouteKind, health.UDPRouteKind)
	for _, namespace := range t.Namespaces {
		for _, obj := range x.snap.List(health.IngressKind, namespace).Objects {
			if obj.GetLabels()["acme.cert-manager.io/http01-solver"] == "" { // a Challenge's, for a while
				add(obj)
			}
		}
	}
	for _, namespace := range t.Namespaces {
		add(x.ingress(namespace)...)
	}
	var ends []*unstructured.Unstructured
	for _, namespace := range t.Namespaces {
		for _, c := range x.connections(namespace) {
			add(c.service)
			ends = append(ends, c.from, c.to)
		}
	}
	for _, namespace := range x.policyNamespaces(t, ends) {
		add(x.snap.List(networkPolicyKind, namespace).Objects...)
	}
	list(authorizationPolicyKind)
	add(x.snap.List(authorizationPolicyKind, meshNamespace).Objects...)
	for _, namespace := range t.Namespaces {
		for _, scaler := range x.snap.List(autoscalerKind, namespace).Objects {
			if !withoutMetrics(scaler) {
				add(scaler)
			}
		}
	}
	return refs
}

// policyNamespaces are the tenant's and those in which its gateway pods run.
func (x *examiner) policyNamespaces(t tenant.Tenant, ends []*unstructured.Unstructured) []string {
	namespaces := slices.Clone(t.Namespaces)
	for _, workload := range ends {
		if namespace := workload.GetNamespace(); !slices.Contains(namespaces, namespace) {
			namespaces = append(namespaces, namespace)
		}
	}
	return namespaces
}
