package traffic

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/pods"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// HostMismatch is a host of a Gateway's server for which the Gateway has no route and its
// Certificate is not valid, while the two agree on another host that the Gateway does not
// serve. Two of three objects agree, so the Gateway has to be changed.
type HostMismatch struct {
	server             GatewayServer
	index              int // of the host in the server's hosts
	Wrong, Right       string
	Route, Certificate *unstructured.Unstructured
}

// Path is where the Gateway has the host.
func (m HostMismatch) Path() string { return m.server.Path(fmt.Sprintf("hosts[%d]", m.index)) }

// HostMismatch compares one host of a server with the routes in the Gateway's namespace
// and with the Certificate that writes the server's Secret.
func (g Gateway) HostMismatch(s GatewayServer, index int) (HostMismatch, bool) {
	_, bare, _ := engine.CutNamespace(s.Hosts()[index])
	makers := pods.CertificatesFor(g.X, g.Obj.GetNamespace(), object.Text(s.Spec, "tls", "credentialName"))
	if len(makers) != 1 || strings.Contains(bare, "*") {
		return HostMismatch{}, false
	}
	names := object.Texts(makers[0].Object, "spec", "dnsNames")
	if engine.Covered(bare, names) {
		return HostMismatch{}, false
	}
	m := HostMismatch{server: s, index: index, Wrong: bare, Certificate: makers[0]}
	for _, obj := range g.X.Snap.List(object.VirtualServiceKind, g.Obj.GetNamespace()).Objects {
		r := Route{X: g.X, Obj: obj, Result: &engine.Result{}}
		if !r.boundTo(g.Obj) {
			continue
		}
		hosts := object.Texts(obj.Object, "spec", "hosts")
		if slices.ContainsFunc(hosts, func(host string) bool { return hostsOverlap(bare, host) }) {
			return HostMismatch{}, false
		}
		if len(r.Matching()) > 0 || !slices.ContainsFunc(r.Rules(), func(rule RouteRule) bool { return rule.Protocol == RouteProtocol(s) }) {
			continue
		}
		for _, host := range hosts {
			switch {
			case !engine.Covered(host, names) || host == m.Right:
			case m.Right != "":
				return HostMismatch{}, false // it is not known which one is wrong
			default:
				m.Right, m.Route = host, obj
			}
		}
	}
	return m, m.Right != ""
}

// boundTo reports whether the route references the Gateway.
func (r Route) boundTo(gateway *unstructured.Unstructured) bool {
	return slices.ContainsFunc(r.Gateways(), func(entry RouteGateway) bool { return entry.Ref.Same(object.RefOf(gateway)) })
}
