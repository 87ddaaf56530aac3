package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// hostMismatch is a host of a Gateway's server that no route of the Gateway is for
// and that its Certificate is not valid for, while the two agree on another host
// that the Gateway does not serve. Two against one: the Gateway is to be changed.
type hostMismatch struct {
	server             gatewayServer
	index              int // of the host in the server's hosts
	wrong, right       string
	route, certificate *unstructured.Unstructured
}

func (m hostMismatch) path() string { return m.server.path(fmt.Sprintf("hosts[%d]", m.index)) }

// mismatches reports such hosts of a server.
func (g gateway) mismatches(s gatewayServer) {
	for i := range s.hosts() {
		m, ok := g.hostMismatch(s, i)
		if !ok {
			continue
		}
		ref := finding.RefOf(g.obj)
		f := finding.Finding{
			Code: codeGatewayHost, Ref: ref, Reason: "HostMismatch", Severity: finding.Critical,
			Message: fmt.Sprintf("%s serves %s, but has no route for it, and %s is not valid for it; %s and the Certificate use %s",
				ref, m.wrong, finding.RefOf(m.certificate), finding.RefOf(m.route), m.right),
		}
		prove(&f, g.obj, m.path())
		prove(&f, m.route, "spec.hosts")
		prove(&f, m.certificate, "spec.dnsNames")
		written, host := s.hosts()[i], m.right
		if namespace, _, split := cutNamespace(written); split {
			host = namespace + "/" + host
		}
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("In %s, write %s instead of %s", m.path(), host, written),
			Command: g.x.applyNow(g.obj), File: g.x.file(g.obj, m.path())}}
		g.exam.findings = append(g.exam.findings, f)
	}
}

// hostMismatch compares one host of a server with the routes beside the Gateway and
// with the Certificate that keeps the server's Secret.
func (g gateway) hostMismatch(s gatewayServer, index int) (hostMismatch, bool) {
	_, bare, _ := cutNamespace(s.hosts()[index])
	makers := g.x.makers(g.obj.GetNamespace(), field.Text(s.spec, "tls", "credentialName"))
	if len(makers) != 1 || strings.Contains(bare, "*") {
		return hostMismatch{}, false
	}
	names := field.Texts(makers[0].Object, "spec", "dnsNames")
	if covered(bare, names) {
		return hostMismatch{}, false
	}
	m := hostMismatch{server: s, index: index, wrong: bare, certificate: makers[0]}
	for _, obj := range g.x.snap.List(health.VirtualServiceKind, g.obj.GetNamespace()).Objects {
		r := route{x: g.x, obj: obj, exam: &exam{}}
		if !r.boundTo(g.obj) {
			continue
		}
		hosts := field.Texts(obj.Object, "spec", "hosts")
		if slices.ContainsFunc(hosts, func(host string) bool { return hostsOverlap(bare, host) }) {
			return hostMismatch{}, false
		}
		if len(r.matching()) > 0 || !slices.ContainsFunc(r.rules(), func(rule routeRule) bool { return rule.protocol == routeProtocol(s) }) {
			continue
		}
		for _, host := range hosts {
			switch {
			case !covered(host, names) || host == m.right:
			case m.right != "":
				return hostMismatch{}, false // which one is not known
			default:
				m.right, m.route = host, obj
			}
		}
	}
	return m, m.right != ""
}

// boundTo tells whether the route names the Gateway.
func (r route) boundTo(gateway *unstructured.Unstructured) bool {
	return slices.ContainsFunc(r.gateways(), func(entry routeGateway) bool { return entry.ref.Same(finding.RefOf(gateway)) })
}

// misdirected tells whether the route's hosts are not served because a host of the
// Gateway is wrong.
func (r route) misdirected(entry routeGateway) bool {
	g := gateway{x: r.x, obj: entry.obj}
	for i, spec := range field.List(entry.obj.Object, "spec", "servers") {
		s := gatewayServer{i, spec}
		for j := range s.hosts() {
			if m, ok := g.hostMismatch(s, j); ok && m.route == r.obj {
				return true
			}
		}
	}
	return false
}
