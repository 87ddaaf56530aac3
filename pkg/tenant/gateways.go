package tenant

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// gateways adds Istio's Gateways and VirtualServices with their hosts, and the
// Services that bring traffic to the Gateways.
func (c *chain) gateways(s *Status) {
	gateways := c.list(Gateways, health.GatewayKind)
	routes := c.list(Gateways, health.VirtualServiceKind)
	c.served = map[string]bool{}
	for _, gateway := range gateways {
		var details []string
		for _, server := range field.List(gateway.Object, "spec", "servers") {
			hosts, port := hostsOf(gateway, server, routes), field.Int(server, "port", "number")
			if credential := field.Text(server, "tls", "credentialName"); credential != "" {
				c.served[gateway.GetNamespace()+"/"+credential] = true
			}
			s.meet(server, hosts, port)
			details = append(details, fmt.Sprintf("%s:%d", strings.Join(hosts, ","), port))
		}
		c.add(Gateways, finding.RefOf(gateway), strings.Join(details, " "))
	}
	for _, route := range routes {
		c.add(Gateways, finding.RefOf(route), strings.Join(field.Texts(route.Object, "spec", "hosts"), ", "))
	}
	c.ingress(s, gateways)
}

// meet files a Gateway's server as the web or the DICOM entrance. DICOM over
// TLS is plain TLS or TCP to Istio; web is HTTPS, or HTTP where there is none.
func (s *Status) meet(server map[string]any, hosts []string, port int64) {
	switch protocol := strings.ToUpper(field.Text(server, "port", "protocol")); protocol {
	case "HTTPS":
		s.Web.meet(hosts, port, s.Web.Port == 80)
	case "HTTP", "HTTP2", "GRPC":
		s.Web.meet(hosts, port, false)
	case "TLS", "TCP", "MONGO":
		if port == 443 {
			s.Web.meet(hosts, port, s.Web.Port == 80)
		} else {
			s.DICOM.meet(hosts, port, false)
		}
	}
}

// meet keeps the first port, unless told that this one is better.
func (e *Endpoint) meet(hosts []string, port int64, better bool) {
	if e.Port != 0 && e.Port != port && !better {
		return
	}
	if better {
		e.Hosts = nil
	}
	e.Port = port
	for _, host := range hosts {
		if !slices.Contains(e.Hosts, host) {
			e.Hosts = append(e.Hosts, host)
		}
	}
}

// hostsOf are the host names that a Gateway's server answers to. Where it takes
// any ("*"), the names are those of the VirtualServices bound to the Gateway.
func hostsOf(gateway *unstructured.Unstructured, server map[string]any, routes []*unstructured.Unstructured) []string {
	var hosts []string
	open := false
	for _, host := range field.Texts(server, "hosts") {
		if _, name, ok := strings.Cut(host, "/"); ok { // "namespace/host"
			host = name
		}
		open = open || strings.HasPrefix(host, "*")
		hosts = append(hosts, host)
	}
	if !open {
		return hosts
	}
	var routed []string
	for _, route := range routes {
		if bound(route, gateway) {
			routed = append(routed, field.Texts(route.Object, "spec", "hosts")...)
		}
	}
	if len(routed) == 0 {
		return hosts
	}
	return routed
}

// bound tells whether a VirtualService is attached to the Gateway: named in the
// same namespace, or as "namespace/name".
func bound(route, gateway *unstructured.Unstructured) bool {
	for _, name := range field.Texts(route.Object, "spec", "gateways") {
		if !strings.Contains(name, "/") {
			name = route.GetNamespace() + "/" + name
		}
		if name == gateway.GetNamespace()+"/"+gateway.GetName() {
			return true
		}
	}
	return false
}

// ingress adds the Services in front of the Gateways' pods: those that select
// the same labels as the Gateway does, in the tenant's own namespaces first.
func (c *chain) ingress(s *Status, gateways []*unstructured.Unstructured) {
	services := c.list(Ingress, health.ServiceKind)
	found := fronting(services, gateways)
	if len(found) == 0 {
		found = fronting(c.snap.List(health.ServiceKind, "").Objects, gateways)
	}
	for _, service := range found {
		for _, address := range health.Addresses(service) {
			if !slices.Contains(s.Addresses, address) {
				s.Addresses = append(s.Addresses, address)
			}
		}
		c.add(Ingress, finding.RefOf(service), portsOf(service))
	}
}

func fronting(services, gateways []*unstructured.Unstructured) []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	for _, service := range services {
		selector := field.Map(service.Object, "spec", "selector")
		if slices.ContainsFunc(gateways, func(gateway *unstructured.Unstructured) bool {
			return includes(selector, field.Map(gateway.Object, "spec", "selector"))
		}) {
			found = append(found, service)
		}
	}
	return found
}

// includes tells whether all of the wanted labels are in the selector. No
// wanted labels select every pod to Istio, which says nothing about a Service.
func includes(selector, wanted map[string]any) bool {
	for key, value := range wanted {
		if selector[key] != value {
			return false
		}
	}
	return len(wanted) > 0
}

func portsOf(service *unstructured.Unstructured) string {
	var ports []string
	for _, port := range field.List(service.Object, "spec", "ports") {
		ports = append(ports, fmt.Sprint(field.Int(port, "port")))
	}
	return "ports " + strings.Join(ports, ", ")
}
