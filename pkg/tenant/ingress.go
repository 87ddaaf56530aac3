package tenant

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// ingress adds the Services of the pods of the Gateways, with their addresses.
func (c *chain) ingress(s *Status, d *tenantIngress) {
	c.links = append(c.links, d.unreadOf(Ingress)...)
	for _, service := range d.services {
		for _, address := range health.Addresses(service) {
			if !slices.Contains(s.Addresses, address) {
				s.Addresses = append(s.Addresses, address)
			}
		}
		c.add(Ingress, object.RefOf(service), portsOf(service))
	}
}

// servicesOf are the Services that select the pods of one of the Gateways.
func servicesOf(services, gateways []*unstructured.Unstructured) []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	for _, service := range services {
		selector := object.Map(service.Object, "spec", "selector")
		if slices.ContainsFunc(gateways, func(gateway *unstructured.Unstructured) bool {
			return selectorIncludes(selector, object.Map(gateway.Object, "spec", "selector"))
		}) {
			found = append(found, service)
		}
	}
	return found
}

// centralServicesOf are the Services outside of the namespaces of all tenants that
// select the pods of one of the Gateways.
func (c *cluster) centralServicesOf(gateways []*unstructured.Unstructured) []*unstructured.Unstructured {
	var likely []*unstructured.Unstructured
	seen := map[*unstructured.Unstructured]bool{}
	for _, gateway := range gateways {
		selector := slices.Sorted(maps.Keys(object.Map(gateway.Object, "spec", "selector")))
		if len(selector) == 0 {
			continue
		}
		for _, service := range c.central()[labelOf(gateway, selector[0])] {
			if !seen[service] {
				seen[service] = true
				likely = append(likely, service)
			}
		}
	}
	return servicesOf(likely, gateways)
}

// labelOf is a label of the object's selector as "key=value".
func labelOf(obj *unstructured.Unstructured, key string) string {
	return key + "=" + object.Text(obj.Object, "spec", "selector", key)
}

// selectorIncludes reports whether the selector contains all wanted labels. For Istio, a
// selector without labels selects every pod, which does not relate it to a Service. The
// values may be of any type: an object of another program may be malformed.
func selectorIncludes(selector, wanted map[string]any) bool {
	for key := range wanted {
		value, has := selector[key].(string)
		if want, ok := wanted[key].(string); !has || !ok || value != want {
			return false
		}
	}
	return len(wanted) > 0
}

func portsOf(service *unstructured.Unstructured) string {
	var ports []string
	for _, port := range object.List(service.Object, "spec", "ports") {
		ports = append(ports, fmt.Sprint(object.Int(port, "port")))
	}
	return "ports " + strings.Join(ports, ", ")
}
