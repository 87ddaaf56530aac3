package istio

import (
	"fmt"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/traffic"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// entries checks the Gateways through which requests arrive: each must exist, and at
// least one must have a server for the hosts and the protocol of the route.
func entries(r traffic.Route) {
	var known []traffic.RouteGateway
	for _, entry := range r.Gateways() {
		lookUp(r, entry.Ref, fmt.Sprintf("spec.gateways[%d]", entry.Index), entry.Name)
		if entry.Obj != nil && entry.Obj.GetDeletionTimestamp() == nil {
			known = append(known, entry)
		}
	}
	if len(known) == 0 || len(known) < len(r.Gateways()) {
		return // reported already, or unknown
	}
	matching := r.Matching()
	if len(matching) == 0 {
		if wrong := slices.IndexFunc(known, func(entry traffic.RouteGateway) bool { return misdirected(r, entry) }); wrong >= 0 {
			r.Result.Blame = engine.AddRef(r.Result.Blame, known[wrong].Ref)
		} else if onlyServers(r, func(traffic.GatewayServer) bool { return true }) {
			hostsNotServed(r, known[0])
		}
		return
	}
	if rules := r.Rules(); len(rules) > 0 && !slices.ContainsFunc(matching, func(s traffic.GatewayServer) bool {
		return slices.ContainsFunc(rules, func(rule traffic.RouteRule) bool { return rule.Protocol == traffic.RouteProtocol(s) })
	}) {
		protocolMismatch(r, known[0], matching)
		return
	}
	portMatches(r, known[0], matching)
}

// servers are the servers of all of the route's Gateways.
func servers(r traffic.Route) []traffic.GatewayServer {
	var found []traffic.GatewayServer
	for _, entry := range r.Gateways() {
		if entry.Obj == nil {
			continue
		}
		for i, spec := range object.List(entry.Obj.Object, "spec", "servers") {
			found = append(found, traffic.GatewayServer{Index: i, Spec: spec})
		}
	}
	return found
}

// onlyServers reports whether there are servers, and all match.
func onlyServers(r traffic.Route, are func(traffic.GatewayServer) bool) bool {
	servers := servers(r)
	return len(servers) > 0 && !slices.ContainsFunc(servers, func(s traffic.GatewayServer) bool { return !are(s) })
}

// hostsNotServed reports hosts that no server of the Gateways accepts.
func hostsNotServed(r traffic.Route, entry traffic.RouteGateway) {
	hosts := strings.Join(object.Texts(r.Obj.Object, "spec", "hosts"), ", ")
	gateway := object.RefOf(entry.Obj)
	f := brokenRoute(r, "HostNotServed", fmt.Sprintf("no server of %s accepts requests for %s", gateway, hosts), "spec.hosts",
		finding.Fix{Text: fmt.Sprintf("Compare spec.hosts with the hosts of %s", gateway),
			Command: escape.Command("kubectl get gateways.networking.istio.io %s -n %s -o yaml", gateway.Name, gateway.Namespace)})
	var offered []string
	for i, spec := range object.List(entry.Obj.Object, "spec", "servers") {
		server := traffic.GatewayServer{Index: i, Spec: spec}
		engine.Prove(&f, entry.Obj, server.Path("hosts"))
		offered = append(offered, server.Hosts()...)
	}
	for i, host := range object.Texts(r.Obj.Object, "spec", "hosts") {
		for _, other := range offered {
			_, name, _ := engine.CutNamespace(other)
			if engine.MisspellingDistance(host, name) > 0 {
				suggest(r, &f, fmt.Sprintf("spec.hosts[%d]", i), name, host)
				r.Result.Findings = append(r.Result.Findings, f)
				return
			}
		}
	}
	r.Result.Findings = append(r.Result.Findings, f)
}

// protocolMismatch reports rules of a protocol that none of the servers uses.
func protocolMismatch(r traffic.Route, entry traffic.RouteGateway, servers []traffic.GatewayServer) {
	have, want := r.Rules()[0].Protocol, traffic.RouteProtocol(servers[0])
	gateway := object.RefOf(entry.Obj)
	f := brokenRoute(r, "ProtocolMismatch", fmt.Sprintf("it has %s rules, but %s requires %s rules on port %d, protocol %s",
		have, gateway, want, servers[0].Number(), servers[0].Protocol()), r.Rules()[0].Path(),
		finding.Fix{Text: fmt.Sprintf("Move the rules to spec.%s, or correct the protocol of the Gateway's server", want),
			Command: escape.Command("kubectl get gateways.networking.istio.io %s -n %s -o yaml", gateway.Name, gateway.Namespace)})
	engine.Prove(&f, entry.Obj, servers[0].Path("port.protocol"), servers[0].Path("tls.mode"))
	r.Result.Findings = append(r.Result.Findings, f)
}

// portMatches reports rules that are all for ports on which no server of the Gateways
// accepts the route's hosts.
func portMatches(r traffic.Route, entry traffic.RouteGateway, servers []traffic.GatewayServer) {
	rules := r.Rules()
	var first string
	for _, rule := range rules {
		matches := object.List(rule.Spec, "match")
		for i, match := range matches {
			port := object.Int(match, "port")
			if port == 0 || slices.ContainsFunc(servers, func(s traffic.GatewayServer) bool { return s.Number() == port }) {
				return
			}
			if first == "" {
				first = fmt.Sprintf("%s.match[%d].port", rule.Path(), i)
			}
		}
		if len(matches) == 0 {
			return
		}
	}
	if first == "" {
		return
	}
	gateway := object.RefOf(entry.Obj)
	wrong, _ := object.Quote(r.Obj.Object, first)
	f := brokenRoute(r, "PortNotServed", fmt.Sprintf("its rules are for port %s, on which %s does not serve its hosts", wrong, gateway), first,
		finding.Fix{Text: fmt.Sprintf("Compare %s with the ports of %s", first, gateway),
			Command: escape.Command("kubectl get gateways.networking.istio.io %s -n %s -o yaml", gateway.Name, gateway.Namespace)})
	for _, s := range servers {
		engine.Prove(&f, entry.Obj, s.Path("port.number"))
	}
	if len(servers) == 1 {
		suggest(r, &f, first, fmt.Sprint(servers[0].Number()), wrong)
	}
	r.Result.Findings = append(r.Result.Findings, f)
}
