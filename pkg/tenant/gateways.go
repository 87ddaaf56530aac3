package tenant

import (
	"fmt"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// gateways adds Istio Gateways and VirtualServices with their hosts.
func (c *chain) gateways(s *Status, d *tenantIngress) {
	c.links = append(c.links, d.unreadOf(Gateways)...)
	plain := Endpoint{}
	for _, gateway := range d.gateways {
		var details []string
		for _, server := range object.List(gateway.Object, "spec", "servers") {
			hosts, port := hostsOf(gateway, server, d.routes), object.Int(server, "port", "number")
			switch serverRoleOf(server) {
			case web:
				s.Web.addHosts(hosts, port)
			case plaintextWeb:
				plain.addHosts(hosts, port)
			case dicom:
				s.DICOM.addHosts(hosts, port)
			}
			details = append(details, fmt.Sprintf("%s:%d", strings.Join(hosts, ","), port))
		}
		c.add(Gateways, object.RefOf(gateway), strings.Join(details, " "))
	}
	if s.Web.Port == 0 {
		s.Web = plain
	}
	for _, route := range d.routes {
		c.add(Gateways, object.RefOf(route), strings.Join(object.Texts(route.Object, "spec", "hosts"), ", "))
	}
}

// serverRole is the type of traffic of a server of a Gateway.
type serverRole int

const (
	other serverRole = iota
	web
	plaintextWeb // counts only without HTTPS
	dicom
)

// streams are the protocols that Istio treats as byte streams.
var streams = map[string]bool{"TLS": true, "TCP": true, "MONGO": true}

// serverRoleOf distinguishes web from DICOM. DICOM over TLS is TLS or TCP for Istio; on
// port 443, it is HTTPS passthrough.
func serverRoleOf(server map[string]any) serverRole {
	switch protocol := strings.ToUpper(object.Text(server, "port", "protocol")); {
	case protocol == "HTTPS", streams[protocol] && object.Int(server, "port", "number") == 443:
		return web
	case streams[protocol]:
		return dicom
	case protocol == "HTTP", protocol == "HTTP2", protocol == "GRPC":
		return plaintextWeb
	}
	return other
}

// ServesDICOM reports whether a server of an Istio Gateway is for DICOM.
func ServesDICOM(server map[string]any) bool { return serverRoleOf(server) == dicom }

// addHosts adds the hosts if they have the port that is known already: an Endpoint has
// one port, the first.
func (e *Endpoint) addHosts(hosts []string, port int64) {
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
