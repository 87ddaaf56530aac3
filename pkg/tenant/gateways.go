package tenant

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// gateways adds Istio's Gateways and VirtualServices with their hosts.
func (c *chain) gateways(s *Status, d *door) {
	c.links = append(c.links, d.unreadOf(Gateways)...)
	plain := Endpoint{}
	for _, gateway := range d.gateways {
		var details []string
		for _, server := range field.List(gateway.Object, "spec", "servers") {
			hosts, port := hostsOf(gateway, server, d.routes), field.Int(server, "port", "number")
			switch entranceOf(server) {
			case web:
				s.Web.meet(hosts, port)
			case plainWeb:
				plain.meet(hosts, port)
			case dicom:
				s.DICOM.meet(hosts, port)
			}
			details = append(details, fmt.Sprintf("%s:%d", strings.Join(hosts, ","), port))
		}
		c.add(Gateways, finding.RefOf(gateway), strings.Join(details, " "))
	}
	if s.Web.Port == 0 {
		s.Web = plain
	}
	for _, route := range d.routes {
		c.add(Gateways, finding.RefOf(route), strings.Join(field.Texts(route.Object, "spec", "hosts"), ", "))
	}
}

// entrance is what comes in at a Gateway's server.
type entrance int

const (
	other entrance = iota
	web
	plainWeb // counts only where there is no HTTPS
	dicom
)

// streams are the protocols in which Istio sees nothing but bytes.
var streams = map[string]bool{"TLS": true, "TCP": true, "MONGO": true}

// entranceOf tells web from DICOM. DICOM over TLS is plain TLS or TCP to Istio;
// on port 443 that is HTTPS passed through.
func entranceOf(server map[string]any) entrance {
	switch protocol := strings.ToUpper(field.Text(server, "port", "protocol")); {
	case protocol == "HTTPS", streams[protocol] && field.Int(server, "port", "number") == 443:
		return web
	case streams[protocol]:
		return dicom
	case protocol == "HTTP", protocol == "HTTP2", protocol == "GRPC":
		return plainWeb
	}
	return other
}

// meet adds the hosts, if they are met at the port that is known already: an
// Endpoint has one, the first.
func (e *Endpoint) meet(hosts []string, port int64) {
	if e.Port != 0 && e.Port != port {
		return
	}
	e.Port = port
	for _, host := range hosts {
		if !slices.Contains(e.Hosts, host) {
			e.Hosts = append(e.Hosts, host)
		}
	}
}

// hostsOf are the host names that a Gateway's server answers to. Where it takes
// any ("*", "*.bhs.org"), the names are those of the VirtualServices bound to
// the Gateway.
func hostsOf(gateway *unstructured.Unstructured, server map[string]any, routes []*unstructured.Unstructured) []string {
	var hosts []string
	for _, host := range field.Texts(server, "hosts") {
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

// routedTo are the hosts of the VirtualServices that fit the pattern, or the
// pattern when there are none.
func routedTo(gateway *unstructured.Unstructured, server map[string]any, routes []*unstructured.Unstructured, pattern string) []string {
	var names []string
	for _, route := range routes {
		if !bound(route, gateway) || !carries(route, server) {
			continue
		}
		for _, host := range field.Texts(route.Object, "spec", "hosts") {
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

// carries tells whether the VirtualService has a route of the server's kind, so
// that the web's names don't turn up at the DICOM port of the same Gateway. What
// is passed through unopened is routed as TLS, HTTPS too.
func carries(route *unstructured.Unstructured, server map[string]any) bool {
	passed := strings.HasSuffix(field.Text(server, "tls", "mode"), "PASSTHROUGH")
	if protocol := strings.ToUpper(field.Text(server, "port", "protocol")); streams[protocol] || passed {
		return len(field.List(route.Object, "spec", "tls"))+len(field.List(route.Object, "spec", "tcp")) > 0
	}
	return len(field.List(route.Object, "spec", "http")) > 0
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
