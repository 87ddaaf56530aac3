package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// routeGateway is an entry of spec.gateways: "name" or "namespace/name". The
// word "mesh", which is the sidecars, is none, nor is the old form of a host name.
type routeGateway struct {
	index int
	name  string
	ref   finding.Ref
	obj   *unstructured.Unstructured
}

func (r route) gateways() []routeGateway {
	var found []routeGateway
	for i, name := range field.Texts(r.obj.Object, "spec", "gateways") {
		namespace, short, split := cutNamespace(name)
		if !split {
			namespace = r.obj.GetNamespace()
		}
		if name == "mesh" || strings.Contains(short, ".") {
			continue
		}
		ref := finding.Ref{APIVersion: r.obj.GetAPIVersion(), Kind: health.GatewayKind.Kind, Namespace: namespace, Name: short}
		found = append(found, routeGateway{i, name, ref, r.x.snap.Lookup(ref).Object})
	}
	return found
}

// entries checks by which Gateways requests come in: each must exist, and one at
// least have a server for the hosts and the protocol of the route.
func (r route) entries() {
	var known []routeGateway
	for _, entry := range r.gateways() {
		r.need(entry.ref, fmt.Sprintf("spec.gateways[%d]", entry.index), entry.name)
		if entry.obj != nil && entry.obj.GetDeletionTimestamp() == nil {
			known = append(known, entry)
		}
	}
	if len(known) == 0 || len(known) < len(r.gateways()) {
		return // reported already, or unknown
	}
	matching := r.matching()
	if len(matching) == 0 {
		if wrong := slices.IndexFunc(known, func(entry routeGateway) bool { return r.misdirected(entry) }); wrong >= 0 {
			r.exam.blame = addRef(r.exam.blame, known[wrong].ref)
		} else if r.onlyServers(func(gatewayServer) bool { return true }) {
			r.hostsNotServed(known[0])
		}
		return
	}
	if rules := r.rules(); len(rules) > 0 && !slices.ContainsFunc(matching, func(s gatewayServer) bool {
		return slices.ContainsFunc(rules, func(rule routeRule) bool { return rule.protocol == routeProtocol(s) })
	}) {
		r.protocolMismatch(known[0], matching)
		return
	}
	r.portMatches(known[0], matching)
}

// servers are the servers of all of the route's Gateways.
func (r route) servers() []gatewayServer {
	var found []gatewayServer
	for _, entry := range r.gateways() {
		if entry.obj == nil {
			continue
		}
		for i, spec := range field.List(entry.obj.Object, "spec", "servers") {
			found = append(found, gatewayServer{i, spec})
		}
	}
	return found
}

// onlyServers tells whether there are servers, and all are of a kind.
func (r route) onlyServers(are func(gatewayServer) bool) bool {
	servers := r.servers()
	return len(servers) > 0 && !slices.ContainsFunc(servers, func(s gatewayServer) bool { return !are(s) })
}

// matching are the servers that take requests for one of the route's hosts.
func (r route) matching() []gatewayServer {
	var found []gatewayServer
	for _, entry := range r.gateways() {
		if entry.obj == nil {
			continue
		}
		for i, spec := range field.List(entry.obj.Object, "spec", "servers") {
			server := gatewayServer{i, spec}
			if r.matches(entry.obj.GetNamespace(), server) {
				found = append(found, server)
			}
		}
	}
	return found
}

// matches tells whether a server takes one of the route's hosts. A server's host
// may name the namespace of the routes that it is for (istio 1.24,
// pilot/pkg/networking/core/gateway.go, pickMatchingGatewayHosts).
func (r route) matches(home string, server gatewayServer) bool {
	for _, text := range server.hosts() {
		namespace, offered, _ := cutNamespace(text)
		if namespace == "." {
			namespace = home
		}
		if namespace != "" && namespace != "*" && namespace != r.obj.GetNamespace() {
			continue
		}
		for _, host := range field.Texts(r.obj.Object, "spec", "hosts") {
			if hostsOverlap(offered, host) {
				return true
			}
		}
	}
	return false
}

// hostsOverlap tells whether two host names, of which either may begin with "*",
// have names in common (istio 1.24, pkg/config/host, Name.Matches).
func hostsOverlap(a, b string) bool {
	a, b = strings.ToLower(a), strings.ToLower(b)
	tailA, wildA := strings.CutPrefix(a, "*")
	tailB, wildB := strings.CutPrefix(b, "*")
	switch {
	case wildA && wildB:
		return strings.HasSuffix(tailA, tailB) || strings.HasSuffix(tailB, tailA)
	case wildA:
		return strings.HasSuffix(b, tailA)
	case wildB:
		return strings.HasSuffix(a, tailB)
	}
	return a == b
}

// hostsNotServed reports hosts that no server of the Gateways takes.
func (r route) hostsNotServed(entry routeGateway) {
	hosts := strings.Join(field.Texts(r.obj.Object, "spec", "hosts"), ", ")
	gateway := finding.RefOf(entry.obj)
	f := r.broken("HostNotServed", fmt.Sprintf("no server of %s accepts requests for %s", gateway, hosts), "spec.hosts",
		finding.Fix{Text: fmt.Sprintf("Compare spec.hosts with the hosts of %s", gateway),
			Command: escape.Command("kubectl get gateways.networking.istio.io %s -n %s -o yaml", gateway.Name, gateway.Namespace)})
	var offered []string
	for i, spec := range field.List(entry.obj.Object, "spec", "servers") {
		server := gatewayServer{i, spec}
		prove(&f, entry.obj, server.path("hosts"))
		offered = append(offered, server.hosts()...)
	}
	for i, host := range field.Texts(r.obj.Object, "spec", "hosts") {
		for _, other := range offered {
			_, name, _ := cutNamespace(other)
			if misspellingDistance(host, name) > 0 {
				r.instead(&f, fmt.Sprintf("spec.hosts[%d]", i), name, host)
				r.exam.findings = append(r.exam.findings, f)
				return
			}
		}
	}
	r.exam.findings = append(r.exam.findings, f)
}

// routeProtocol is which of a route's rules a server goes by (istio 1.24,
// pilot/pkg/networking/core/gateway.go, buildGatewayListeners): tls where it
// passes TLS through, http where it reads HTTP, and tcp for all else.
func routeProtocol(s gatewayServer) string {
	switch {
	case passesThrough(s):
		return "tls"
	case plainHTTP(s) || s.protocol() == "HTTPS" || slices.Contains([]string{"HTTP", "HTTP2", "GRPC", "GRPC-WEB"}, s.protocol()):
		return "http"
	}
	return "tcp"
}

// protocolMismatch reports rules of a protocol that none of the servers reads.
func (r route) protocolMismatch(entry routeGateway, servers []gatewayServer) {
	have, want := r.rules()[0].protocol, routeProtocol(servers[0])
	gateway := finding.RefOf(entry.obj)
	f := r.broken("ProtocolMismatch", fmt.Sprintf("it has %s rules, but %s requires %s rules on port %d, protocol %s",
		have, gateway, want, servers[0].number(), servers[0].protocol()), r.rules()[0].path(),
		finding.Fix{Text: fmt.Sprintf("Move the rules to spec.%s, or correct the protocol of the Gateway's server", want),
			Command: escape.Command("kubectl get gateways.networking.istio.io %s -n %s -o yaml", gateway.Name, gateway.Namespace)})
	prove(&f, entry.obj, servers[0].path("port.protocol"), servers[0].path("tls.mode"))
	r.exam.findings = append(r.exam.findings, f)
}

// portMatches reports rules that all are for ports on which no server of the
// Gateways takes the route's hosts.
func (r route) portMatches(entry routeGateway, servers []gatewayServer) {
	rules := r.rules()
	var first string
	for _, rule := range rules {
		matches := field.List(rule.spec, "match")
		for i, match := range matches {
			port := field.Int(match, "port")
			if port == 0 || slices.ContainsFunc(servers, func(s gatewayServer) bool { return s.number() == port }) {
				return
			}
			if first == "" {
				first = fmt.Sprintf("%s.match[%d].port", rule.path(), i)
			}
		}
		if len(matches) == 0 {
			return
		}
	}
	if first == "" {
		return
	}
	gateway := finding.RefOf(entry.obj)
	wrong, _ := field.Quote(r.obj.Object, first)
	f := r.broken("PortNotServed", fmt.Sprintf("its rules are for port %s, on which %s does not serve its hosts", wrong, gateway), first,
		finding.Fix{Text: fmt.Sprintf("Compare %s with the ports of %s", first, gateway),
			Command: escape.Command("kubectl get gateways.networking.istio.io %s -n %s -o yaml", gateway.Name, gateway.Namespace)})
	for _, s := range servers {
		prove(&f, entry.obj, s.path("port.number"))
	}
	if len(servers) == 1 {
		r.instead(&f, first, fmt.Sprint(servers[0].number()), wrong)
	}
	r.exam.findings = append(r.exam.findings, f)
}
