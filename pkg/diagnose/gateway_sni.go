package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// serverName warns of a server for DICOM over TLS that has named hosts alone. Envoy then
// selects the server by the name that a client sends in its TLS handshake (SNI, RFC
// 6066), and closes the connection of a client that sends none, as most DICOM devices
// and DCMTK's tools do. Browsers and this program send it, so that all else works
// (istio 1.24, pilot/pkg/networking/core/gateway.go, getSNIHostsForServer).
func (g gateway) serverName(s gatewayServer) {
	if !tenant.ServesDICOM(s.spec) || !s.terminates() || g.anyHost(s.number()) {
		return
	}
	ref, path := finding.RefOf(g.obj), s.path("hosts")
	f := finding.Finding{
		Code: codeHostByName, Ref: ref, Reason: "HostsByName", Severity: finding.Warning,
		Message: fmt.Sprintf("%s serves DICOM on port %d only for %s: devices that send no server name (SNI) in their TLS handshake are disconnected, and most devices send none",
			ref, s.number(), strings.Join(s.hosts(), ", ")),
	}
	prove(&f, g.obj, path)
	f.Fixes = []finding.Fix{{Text: fmt.Sprintf("In %s, write \"*\", unless all devices send the name", path),
		Command: g.x.applyNow(g.obj), File: g.x.file(g.obj, path)}}
	g.exam.findings = append(g.exam.findings, f)
}

// terminates tells whether clients from outside do their TLS handshake with the
// gateway itself.
func (s gatewayServer) terminates() bool {
	switch s.mode() {
	case "PASSTHROUGH", "AUTO_PASSTHROUGH", "ISTIO_MUTUAL":
		return false
	}
	return s.hasTLS() && len(s.hosts()) > 0
}

// anyHost tells whether a server of the Gateway at the port takes every name, and
// none.
func (g gateway) anyHost(port int64) bool {
	return slices.ContainsFunc(field.List(g.obj.Object, "spec", "servers"), func(spec map[string]any) bool {
		s := gatewayServer{spec: spec}
		return s.number() == port && slices.ContainsFunc(s.hosts(), func(host string) bool {
			_, bare, _ := cutNamespace(host)
			return bare == "*"
		})
	})
}
