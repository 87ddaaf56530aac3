package traffic

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// Route is one VirtualService under examination.
type Route struct {
	X      *engine.Context
	Obj    *unstructured.Unstructured
	Result *engine.Result
}

// RouteRule is an entry of spec.http, spec.tls or spec.tcp.
type RouteRule struct {
	Protocol string
	index    int
	Spec     map[string]any
}

// Rules are the rules for HTTP, TLS and TCP.
func (r Route) Rules() []RouteRule {
	var found []RouteRule
	for _, protocol := range []string{"http", "tls", "tcp"} {
		for i, spec := range object.List(r.Obj.Object, "spec", protocol) {
			found = append(found, RouteRule{protocol, i, spec})
		}
	}
	return found
}

// Path is where the VirtualService has the rule.
func (r RouteRule) Path() string { return fmt.Sprintf("spec.%s[%d]", r.Protocol, r.index) }

// RouteDestination is the destination of one entry of a rule's route.
type RouteDestination struct {
	Rule  RouteRule
	index int
	Spec  map[string]any
}

// Destinations are the destinations of the rule.
func (r RouteRule) Destinations() []RouteDestination {
	var found []RouteDestination
	for i, to := range object.List(r.Spec, "route") {
		found = append(found, RouteDestination{r, i, object.Map(to, "destination")})
	}
	return found
}

// Path is where the VirtualService has the destination.
func (d RouteDestination) Path() string {
	return fmt.Sprintf("%s.route[%d].destination", d.Rule.Path(), d.index)
}

// Host is the host of the destination: the name of a Service, or a domain.
func (d RouteDestination) Host() string { return object.Text(d.Spec, "host") }

// Port is the Service's port to which requests are sent. It can be omitted if the Service
// has only one.
func (d RouteDestination) Port(service *unstructured.Unstructured) int64 {
	ports := object.List(service.Object, "spec", "ports")
	if number := object.Int(d.Spec, "port", "number"); number != 0 || len(ports) != 1 {
		return number
	}
	return object.Int(ports[0], "port")
}

// ServiceHost parses "name", "name.namespace.svc" and the same with the cluster's domain.
func ServiceHost(host, home string) (name, namespace string, ok bool) {
	parts := strings.Split(strings.TrimSuffix(host, "."), ".")
	switch {
	case host == "" || strings.Contains(host, "*"):
		return "", "", false
	case len(parts) == 1:
		return host, home, true
	case len(parts) >= 3 && parts[2] == "svc":
		return parts[0], parts[1], true
	}
	return "", "", false
}

// RouteGateway is an entry of spec.gateways: "name" or "namespace/name". Neither "mesh",
// which means the sidecars, nor the old form of a host name is one.
type RouteGateway struct {
	Index int
	Name  string
	Ref   object.Ref
	Obj   *unstructured.Unstructured
}

// Gateways are the Gateways that the VirtualService is bound to.
func (r Route) Gateways() []RouteGateway {
	var found []RouteGateway
	for i, name := range object.Texts(r.Obj.Object, "spec", "gateways") {
		namespace, short, split := engine.CutNamespace(name)
		if !split {
			namespace = r.Obj.GetNamespace()
		}
		if name == "mesh" || strings.Contains(short, ".") {
			continue
		}
		ref := object.Ref{APIVersion: r.Obj.GetAPIVersion(), Kind: object.GatewayKind.Kind, Namespace: namespace, Name: short}
		found = append(found, RouteGateway{i, name, ref, r.X.Snap.Lookup(ref).Object})
	}
	return found
}

// Matching are the servers that accept requests for one of the route's hosts.
func (r Route) Matching() []GatewayServer {
	var found []GatewayServer
	for _, entry := range r.Gateways() {
		if entry.Obj == nil {
			continue
		}
		for i, spec := range object.List(entry.Obj.Object, "spec", "servers") {
			server := GatewayServer{i, spec}
			if r.matches(entry.Obj.GetNamespace(), server) {
				found = append(found, server)
			}
		}
	}
	return found
}

// matches reports whether a server accepts one of the route's hosts. A server's host may
// name the namespace of its routes (istio 1.24, pilot/pkg/networking/core/gateway.go,
// pickMatchingGatewayHosts).
func (r Route) matches(home string, server GatewayServer) bool {
	for _, text := range server.Hosts() {
		namespace, offered, _ := engine.CutNamespace(text)
		if namespace == "." {
			namespace = home
		}
		if namespace != "" && namespace != "*" && namespace != r.Obj.GetNamespace() {
			continue
		}
		for _, host := range object.Texts(r.Obj.Object, "spec", "hosts") {
			if hostsOverlap(offered, host) {
				return true
			}
		}
	}
	return false
}

// hostsOverlap reports whether two host names, of which either may start with "*", have
// names in common (istio 1.24, pkg/config/host, Name.Matches).
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

// RouteProtocol is the kind of rules that a server uses (istio 1.24,
// pilot/pkg/networking/core/gateway.go, buildGatewayListeners): tls if it passes TLS
// through, http if it parses HTTP, and tcp otherwise.
func RouteProtocol(s GatewayServer) string {
	switch {
	case passesThrough(s):
		return "tls"
	case plainHTTP(s) || s.Protocol() == "HTTPS" || slices.Contains([]string{"HTTP", "HTTP2", "GRPC", "GRPC-WEB"}, s.Protocol()):
		return "http"
	}
	return "tcp"
}
