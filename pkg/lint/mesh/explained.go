package mesh

import (
	"cmp"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/istio"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/network"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/traffic"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

// These rules ask the questions of explain that need no running cluster.
var (
	gatewayWithoutTLS = &rule.Rule{
		Code: engine.CodeCredentialBroken, Name: "gateway-without-tls", Severity: finding.Critical,
		Title: "A gateway's server for HTTPS or TLS has no TLS settings",
		Object: func(c *rule.Context, o *cluster.Object) {
			if o.Ref().GroupKind() == object.GatewayKind {
				c.Explain(o, istio.ExplainGateway, "TLSMissing")
			}
		},
	}
	gatewayPort = &rule.Rule{
		Code: engine.CodeGatewayPort, Name: "gateway-port", Severity: finding.Critical,
		Title: "The Service of the gateway pods does not have a gateway's port",
		Object: func(c *rule.Context, o *cluster.Object) {
			if o.Ref().GroupKind() == object.GatewayKind {
				c.Explain(o, istio.ExplainGateway, "PortNotExposed")
			}
		},
	}
	wrongHost = &rule.Rule{
		Code: engine.CodeGatewayHost, Name: "gateway-host", Severity: finding.Critical,
		Title: "A gateway serves a host for which it has neither a route nor a certificate",
		Object: func(c *rule.Context, o *cluster.Object) {
			if o.Ref().GroupKind() == object.GatewayKind {
				c.Explain(o, istio.ExplainGateway)
			}
		},
	}
	devicesWithoutName = &rule.Rule{
		Code: engine.CodeHostByName, Name: "devices-without-server-name", Severity: finding.Warning,
		Title: "Devices that send no server name can't connect",
		Object: func(c *rule.Context, o *cluster.Object) {
			if g, ok := gatewayOf(c, o); ok && onlyDICOM(g) {
				c.Explain(o, istio.ExplainGateway)
			}
		},
	}
	missingRoute = &rule.Rule{
		Code: engine.CodeRouteBroken, Name: "missing-route-target", Severity: finding.Critical,
		Title: "A VirtualService references something that does not exist",
		Object: func(c *rule.Context, o *cluster.Object) {
			if o.Ref().GroupKind() != object.VirtualServiceKind {
				return
			}
			routeTargets(c, o)
			c.Explain(o, istio.ExplainVirtualService, "HostNotServed", "ProtocolMismatch", "PortNotServed", "HostNotResolved", "PortNotSet", "PortNotFound", "SubsetNotFound")
		},
	}
	subsetWithoutPods = &rule.Rule{
		Code: engine.CodeSubset, Name: "subset-without-pods", Severity: finding.Critical,
		Title: "A subset selects no pods",
		Object: func(c *rule.Context, o *cluster.Object) {
			if o.Ref().GroupKind() == object.VirtualServiceKind {
				c.Explain(o, istio.ExplainVirtualService)
			}
		},
	}
	missingTargetPort = &rule.Rule{
		Code: engine.CodeServicePort, Name: "missing-target-port", Severity: finding.Critical,
		Title: "A Service targets a port that no container has",
		Object: func(c *rule.Context, o *cluster.Object) {
			if o.Ref().GroupKind() == object.ServiceKind {
				c.Explain(o, network.ExplainService)
			}
		},
	}
	missingBackend = &rule.Rule{
		Code: engine.CodeAPIRoute, Name: "missing-backend", Severity: finding.Critical,
		Title: "An HTTPRoute references something that does not exist",
		Object: func(c *rule.Context, o *cluster.Object) {
			if o.Ref().GroupKind() == object.HTTPRouteKind {
				for _, reference := range routeReferences(o) {
					reportMissing(c, o, reference.ref, reference.field)
				}
				c.Explain(o, network.ExplainAPIRoute, "PortNotFound")
			}
		},
	}
	missingGrant = &rule.Rule{
		Code: engine.CodeGrantMissing, Name: "missing-grant", Severity: finding.Critical,
		Title: "No ReferenceGrant allows a reference to another namespace",
		Object: func(c *rule.Context, o *cluster.Object) {
			if o.Ref().GroupKind() == object.HTTPRouteKind {
				c.Explain(o, network.ExplainAPIRoute)
			}
		},
	}
	missingIngressBackend = &rule.Rule{
		Code: engine.CodeIngress, Name: "missing-ingress-backend", Severity: finding.Critical,
		Title: "An Ingress references a Service that does not exist",
		Object: func(c *rule.Context, o *cluster.Object) {
			if o.Ref().GroupKind() == object.IngressKind {
				for _, reference := range ingressReferences(o) {
					reportMissing(c, o, reference.ref, reference.field)
				}
				c.Explain(o, network.ExplainIngress, "PortNotFound")
			}
		},
	}
)

// routeTargets reports the Gateways and Services of a VirtualService that do not exist.
func routeTargets(c *rule.Context, o *cluster.Object) {
	x := c.Facts()
	obj := x.Snap.Lookup(o.Ref()).Object
	if obj == nil {
		return
	}
	r := traffic.Route{X: x, Obj: obj, Result: &engine.Result{}}
	for _, entry := range r.Gateways() {
		reportMissing(c, o, entry.Ref, fmt.Sprintf("spec.gateways[%d]", entry.Index))
	}
	for _, rules := range r.Rules() {
		for _, to := range rules.Destinations() {
			name, namespace, ok := traffic.ServiceHost(to.Host(), obj.GetNamespace())
			if ok && !istio.InServiceEntry(r, to.Host()) {
				reportMissing(c, o, engine.CoreRef(object.ServiceKind.Kind, namespace, name), to.Path()+".host")
			}
		}
	}
}

// reportMissing reports a reference at a field to an object that does not exist.
func reportMissing(c *rule.Context, o *cluster.Object, ref object.Ref, field string) {
	near, missing := c.Missing(ref)
	if !missing {
		return
	}
	text := fmt.Sprintf("Correct %s, or add the %s", field, ref.Kind)
	if near != "" {
		text = fmt.Sprintf("In %s, write %s instead of %s", field, near, ref.Name)
	}
	c.Report(o, field, rule.Local(o, " "+ref.String())[1:]+" does not exist"+rule.DidYouMean(near), edit(o, text))
}

// reference is an object that a field names.
type reference struct {
	field string
	ref   object.Ref
}

// routeReferences are the Gateways and Services that an HTTPRoute references.
func routeReferences(o *cluster.Object) []reference {
	var found []reference
	add := func(entry map[string]any, kind schema.GroupKind, field string) {
		if cmp.Or(object.Text(entry, "group"), kind.Group) == kind.Group && cmp.Or(object.Text(entry, "kind"), kind.Kind) == kind.Kind {
			found = append(found, reference{field + ".name", object.Ref{
				APIVersion: strings.TrimPrefix(kind.Group+"/v1", "/"), Kind: kind.Kind,
				Namespace: cmp.Or(object.Text(entry, "namespace"), o.GetNamespace()), Name: object.Text(entry, "name"),
			}})
		}
	}
	for i, parent := range object.List(o.Unstructured.Object, "spec", "parentRefs") {
		add(parent, object.APIGatewayKind, fmt.Sprintf("spec.parentRefs[%d]", i))
	}
	for i, entry := range object.List(o.Unstructured.Object, "spec", "rules") {
		for j, backend := range object.List(entry, "backendRefs") {
			add(backend, object.ServiceKind, fmt.Sprintf("spec.rules[%d].backendRefs[%d]", i, j))
		}
	}
	return found
}

// ingressReferences are the Services that an Ingress references.
func ingressReferences(o *cluster.Object) []reference {
	var found []reference
	add := func(backend map[string]any, field string) {
		found = append(found, reference{field + ".service.name", engine.CoreRef(object.ServiceKind.Kind, o.GetNamespace(), object.Text(backend, "service", "name"))})
	}
	add(object.Map(o.Unstructured.Object, "spec", "defaultBackend"), "spec.defaultBackend")
	for i, entry := range object.List(o.Unstructured.Object, "spec", "rules") {
		for j, path := range object.List(entry, "http", "paths") {
			add(object.Map(path, "backend"), fmt.Sprintf("spec.rules[%d].http.paths[%d].backend", i, j))
		}
	}
	return found
}
