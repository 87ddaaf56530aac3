package tenant

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// hostsOf are the host names of a server of a Gateway. If it accepts any ("*",
// "*.bhs.org"), the names are those of the VirtualServices bound to the Gateway.
func hostsOf(gateway *unstructured.Unstructured, server map[string]any, routes []*unstructured.Unstructured) []string {
	var hosts []string
	for _, host := range object.Texts(server, "hosts") {
		if _, name, ok := strings.Cut(host, "/"); ok { // "namespace/host"
			host = name
		}
		routed := []string{host}
		if strings.HasPrefix(host, "*") {
			routed = routedTo(gateway, server, routes, host)
		}
		for _, name := range routed {
			if !slices.Contains(hosts, name) {
				hosts = append(hosts, name)
			}
		}
	}
	return hosts
}

// routedTo are the hosts of the VirtualServices that match the pattern, or the pattern
// if there are none.
func routedTo(gateway *unstructured.Unstructured, server map[string]any, routes []*unstructured.Unstructured, pattern string) []string {
	var names []string
	for _, route := range routes {
		if !isBound(route, gateway) || !hasRouteFor(route, server) {
			continue
		}
		for _, host := range object.Texts(route.Object, "spec", "hosts") {
			if strings.HasSuffix(host, strings.TrimPrefix(pattern, "*")) {
				names = append(names, host)
			}
		}
	}
	if len(names) == 0 {
		return []string{pattern}
	}
	return names
}

// hasRouteFor reports whether the VirtualService has a route of the type of the server, so
// that web names do not appear at the DICOM port of the same Gateway. TLS passthrough
// is routed as TLS, also for HTTPS.
func hasRouteFor(route *unstructured.Unstructured, server map[string]any) bool {
	passed := strings.HasSuffix(object.Text(server, "tls", "mode"), "PASSTHROUGH")
	if protocol := strings.ToUpper(object.Text(server, "port", "protocol")); streams[protocol] || passed {
		return len(object.List(route.Object, "spec", "tls"))+len(object.List(route.Object, "spec", "tcp")) > 0
	}
	return len(object.List(route.Object, "spec", "http")) > 0
}

// isBound reports whether a VirtualService is bound to the Gateway: by name in the same
// namespace, or as "namespace/name".
func isBound(route, gateway *unstructured.Unstructured) bool {
	for _, name := range object.Texts(route.Object, "spec", "gateways") {
		if !strings.Contains(name, "/") {
			name = route.GetNamespace() + "/" + name
		}
		if name == gateway.GetNamespace()+"/"+gateway.GetName() {
			return true
		}
	}
	return false
}
