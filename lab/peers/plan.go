package peers

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// serverName is a host of a Gateway that is safe in HAProxy's configuration.
var serverName = regexp.MustCompile(`^(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?$`)

// Plan is what a tenant's proxy must serve.
type Plan struct {
	// Endpoints are its listeners, by port.
	Endpoints []Endpoint
	// Forward reports whether an Orthanc is behind the proxy. Otherwise HTTPS answers 503 and
	// TLS closes, as a gateway without endpoints does.
	Forward bool
	// Problems describe, in sentences, which parts of the Gateways aren't served.
	Problems []string
}

// Endpoint is one port on which the proxy listens.
type Endpoint struct {
	Addr netip.AddrPort
	// Protocol is HTTPS or TLS.
	Protocol string
	// Hosts are the accepted server names, some with "*" as their first label; if empty, all
	// are accepted.
	Hosts []string

	serving  []byte // the certificate's chain and its key, PEM
	clientCA []byte // nil if no client certificate is requested
}

// Plan returns what the proxy must serve according to the facts.
func (f Facts) Plan() Plan {
	p := Plan{Forward: f.Orthancs > 0}
	addr, problem := f.address()
	if problem != "" {
		p.Problems = []string{problem}
		return p
	}
	if len(f.Gateways) == 0 {
		p.Problems = []string{"no Gateway is there"}
	}
	for _, g := range f.Gateways {
		for _, s := range g.Spec.Servers {
			endpoint, problem := f.endpoint(addr, s)
			if problem == "" && slices.ContainsFunc(p.Endpoints, func(d Endpoint) bool { return d.Addr == endpoint.Addr }) {
				problem = "another Gateway has this port already"
			}
			if problem != "" {
				p.Problems = append(p.Problems, fmt.Sprintf("port %d of Gateway %s: %s", s.Port.Number, g.Name, problem))
				continue
			}
			p.Endpoints = append(p.Endpoints, endpoint)
		}
	}
	slices.SortFunc(p.Endpoints, func(a, b Endpoint) int { return a.Addr.Compare(b.Addr) })
	return p
}

// address is the load balancer's address, if something would answer there.
func (f Facts) address() (addr netip.Addr, problem string) {
	if f.Service == nil {
		return addr, "Service " + ingress + " isn't there"
	}
	if f.Service.Spec.Type != corev1.ServiceTypeLoadBalancer {
		return addr, "Service " + ingress + " is no load balancer"
	}
	if len(f.Service.Status.LoadBalancer.Ingress) == 0 {
		return addr, "Service " + ingress + " has no address"
	}
	text := f.Service.Status.LoadBalancer.Ingress[0].IP
	addr, err := netip.ParseAddr(text)
	if err != nil || !addr.Is4() || !addr.IsLoopback() {
		return addr, fmt.Sprintf("Service %s has the address %q, and a lab listens on 127.0.0.0/8 only", ingress, text)
	}
	if f.Proxies == 0 {
		return addr, "Deployment " + ingress + " has no ready pod"
	}
	return addr, ""
}

func (f Facts) endpoint(addr netip.Addr, s Server) (d Endpoint, problem string) {
	d = Endpoint{Addr: netip.AddrPortFrom(addr, uint16(s.Port.Number)), Protocol: s.Port.Protocol, Hosts: names(s.Hosts)}
	switch {
	case d.Protocol != "HTTPS" && d.Protocol != "TLS":
		return d, fmt.Sprintf("the lab serves HTTPS and TLS, not %q", d.Protocol)
	case s.TLS.Mode != "SIMPLE" && s.TLS.Mode != "MUTUAL":
		return d, fmt.Sprintf("the lab knows the TLS modes SIMPLE and MUTUAL, not %q", s.TLS.Mode)
	case !slices.ContainsFunc(f.Service.Spec.Ports, func(p corev1.ServicePort) bool { return int64(p.Port) == s.Port.Number }):
		return d, "Service " + ingress + " has no such port"
	}
	if i := slices.IndexFunc(d.Hosts, func(h string) bool { return !serverName.MatchString(h) }); i >= 0 {
		return d, fmt.Sprintf("%q is no name of a host", d.Hosts[i])
	}
	secret := f.Secrets[s.TLS.CredentialName]
	if secret == nil {
		return d, fmt.Sprintf("Secret %q isn't there", s.TLS.CredentialName)
	}
	chain, key, ca := secret[corev1.TLSCertKey], secret[corev1.TLSPrivateKeyKey], secret["ca.crt"]
	if len(chain) == 0 || len(key) == 0 {
		return d, fmt.Sprintf("Secret %s has no tls.crt and tls.key", s.TLS.CredentialName)
	}
	d.serving = slices.Concat(chain, []byte("\n"), key)
	if s.TLS.Mode == "MUTUAL" {
		if len(ca) == 0 {
			return d, fmt.Sprintf("Secret %s has no ca.crt to check client certificates with", s.TLS.CredentialName)
		}
		d.clientCA = ca
	}
	return d, ""
}

// names are the server names of the hosts of a Gateway; none if one is "*". A host may begin
// with a namespace and a slash.
func names(hosts []string) []string {
	var out []string
	for _, h := range hosts {
		h = strings.ToLower(h[strings.Index(h, "/")+1:])
		if h == "*" {
			return nil
		}
		out = append(out, h)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
