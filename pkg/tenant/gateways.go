package tenant

import (
	"fmt"
	"slices"
	"strings"

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

// ServesDICOM tells whether a server of an Istio Gateway is for DICOM.
func ServesDICOM(server map[string]any) bool { return entranceOf(server) == dicom }

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
