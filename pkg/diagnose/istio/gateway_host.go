package istio

import (
	"fmt"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/traffic"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// mismatches reports the hosts of a server that have a HostMismatch.
func mismatches(g traffic.Gateway, s traffic.GatewayServer) {
	for i := range s.Hosts() {
		m, ok := g.HostMismatch(s, i)
		if !ok {
			continue
		}
		ref := object.RefOf(g.Obj)
		f := finding.Finding{
			Code: engine.CodeGatewayHost, Ref: ref, Reason: "HostMismatch", Severity: finding.Critical,
			Message: fmt.Sprintf("%s serves %s, but has no route for it, and %s is not valid for it; %s and the Certificate use %s",
				ref, m.Wrong, object.RefOf(m.Certificate), object.RefOf(m.Route), m.Right),
		}
		engine.Prove(&f, g.Obj, m.Path())
		engine.Prove(&f, m.Route, "spec.hosts")
		engine.Prove(&f, m.Certificate, "spec.dnsNames")
		written, host := s.Hosts()[i], m.Right
		if namespace, _, split := engine.CutNamespace(written); split {
			host = namespace + "/" + host
		}
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("In %s, write %s instead of %s", m.Path(), host, written),
			Command: flux.ApplyCommand(g.X, g.Obj), File: flux.File(g.X, g.Obj, m.Path())}}
		g.Result.Findings = append(g.Result.Findings, f)
	}
}

// misdirected reports whether the route's hosts are not served because a host of the
// Gateway is wrong.
func misdirected(r traffic.Route, entry traffic.RouteGateway) bool {
	g := traffic.Gateway{X: r.X, Obj: entry.Obj}
	for i, spec := range object.List(entry.Obj.Object, "spec", "servers") {
		s := traffic.GatewayServer{Index: i, Spec: spec}
		for j := range s.Hosts() {
			if m, ok := g.HostMismatch(s, j); ok && m.Route == r.Obj {
				return true
			}
		}
	}
	return false
}
