package diagnose

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/traffic"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/workload"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// ingressPath are the objects between a tenant's clients and its pods, in a fixed order:
// Gateways, routes, the Services that these reference and those of the gateway pods, the
// policies that may deny the connections, and the autoscalers. No health check covers most of
// them.
func ingressPath(x *engine.Context, t tenant.Tenant) []object.Ref {
	var refs []object.Ref
	add := func(objects ...*unstructured.Unstructured) {
		for _, obj := range objects {
			refs = engine.AddRef(refs, object.RefOf(obj))
		}
	}
	list := func(kinds ...schema.GroupKind) {
		for _, kind := range kinds {
			for _, namespace := range t.Namespaces {
				add(x.Snap.List(kind, namespace).Objects...)
			}
		}
	}
	list(object.GatewayKind, object.VirtualServiceKind, object.DestinationRuleKind, object.APIGatewayKind, object.HTTPRouteKind,
		object.GRPCRouteKind, object.TLSRouteKind, object.TCPRouteKind, object.UDPRouteKind)
	for _, namespace := range t.Namespaces {
		for _, obj := range x.Snap.List(object.IngressKind, namespace).Objects {
			if obj.GetLabels()["acme.cert-manager.io/http01-solver"] == "" { // the temporary one of a Challenge
				add(obj)
			}
		}
	}
	for _, namespace := range t.Namespaces {
		add(ingress(x, namespace)...)
	}
	var ends []*unstructured.Unstructured
	for _, namespace := range t.Namespaces {
		for _, c := range traffic.Connections(x, namespace) {
			add(c.Service)
			ends = append(ends, c.From, c.To)
		}
	}
	for _, namespace := range policyNamespaces(x, t, ends) {
		add(x.Snap.List(object.NetworkPolicyKind, namespace).Objects...)
	}
	list(object.AuthorizationPolicyKind)
	add(x.Snap.List(object.AuthorizationPolicyKind, traffic.MeshNamespace).Objects...)
	for _, namespace := range t.Namespaces {
		for _, scaler := range x.Snap.List(object.AutoscalerKind, namespace).Objects {
			if !workload.WithoutMetrics(scaler) {
				add(scaler)
			}
		}
	}
	return refs
}

// policyNamespaces are the tenant's and those in which its gateway pods run.
func policyNamespaces(x *engine.Context, t tenant.Tenant, ends []*unstructured.Unstructured) []string {
	namespaces := slices.Clone(t.Namespaces)
	for _, workload := range ends {
		if namespace := workload.GetNamespace(); !slices.Contains(namespaces, namespace) {
			namespaces = append(namespaces, namespace)
		}
	}
	return namespaces
}
