package istio

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/traffic"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// checkService reports gateway pods that no Service selects although the release that
// installed them is ready: the Service was deleted, which Helm does not notice, or the
// release's values disable it. Pods with host ports need none.
func checkService(g traffic.Gateway) {
	serving := g.Serving()
	if len(serving) == 0 || len(traffic.ServicesSelecting(g.X, serving)) > 0 {
		return
	}
	for _, workload := range serving {
		if onNode(workload) || len(g.X.Unreadable(object.ServiceKind, workload.GetNamespace())) > 0 {
			return
		}
	}
	release := flux.Installer(g.X, serving[0])
	if release == nil || g.X.Health.Of(object.RefOf(release)).Status != health.Ready {
		return
	}
	ref := object.RefOf(release)
	f := finding.Finding{
		Code: engine.CodeGatewayPort, Ref: ref, Reason: "ServiceNotFound", Severity: finding.Critical,
		Message: fmt.Sprintf("no Service selects the gateway pods of %s, which %s installed: clients can't reach them", object.RefOf(serving[0]), ref),
	}
	engine.Prove(&f, serving[0], engine.LabelsPath(serving[0]))
	engine.Prove(&f, release, "spec.chart.spec.chart", "spec.chartRef.name")
	f.Fixes = []finding.Fix{
		{Text: fmt.Sprintf("Have %s install the Service again, unless its values disable it", ref),
			Command: escape.Command("flux reconcile helmrelease %s -n %s --force", ref.Name, ref.Namespace)},
		{Text: "Check which Services exist", Command: escape.Command("kubectl get services -n %s --show-labels", serving[0].GetNamespace())},
	}
	g.Result.Findings = append(g.Result.Findings, f)
}

// onNode reports whether clients reach a workload's pods on ports of their nodes.
func onNode(workload *unstructured.Unstructured) bool {
	spec := object.Map(workload.Object, "spec", "template", "spec")
	if workload.GetKind() == object.PodKind.Kind {
		spec = object.Map(workload.Object, "spec")
	}
	if spec["hostNetwork"] == true {
		return true
	}
	return slices.ContainsFunc(object.List(spec, "containers"), func(container map[string]any) bool {
		return slices.ContainsFunc(object.List(container, "ports"), func(port map[string]any) bool { return object.Int(port, "hostPort") != 0 })
	})
}

// port reports a server on a port that no Service of the gateway pods has. Istio
// interprets the number as a Service's port; if there is none, the proxy listens on the
// number itself, which a targetPort can use (istio 1.24, pilot/pkg/model/push_context.go
// and gateway.go, resolvePorts).
func port(g traffic.Gateway, s traffic.GatewayServer) {
	fronts := traffic.ServicesSelecting(g.X, g.Serving())
	if s.Number() == 0 || len(fronts) == 0 {
		return
	}
	for _, service := range fronts {
		for _, port := range object.List(service.Object, "spec", "ports") {
			_, named := port["targetPort"].(string)
			if named || object.Int(port, "port") == s.Number() || object.Int(port, "targetPort") == s.Number() {
				return
			}
		}
	}
	ref, service := object.RefOf(g.Obj), object.RefOf(fronts[0])
	f := finding.Finding{
		Code: engine.CodeGatewayPort, Ref: ref, Reason: "PortNotExposed", Severity: finding.Critical,
		Message: fmt.Sprintf("%s can't be reached on port %d: %s, which exposes the gateway pods, has no such port", ref, s.Number(), service),
	}
	engine.Prove(&f, g.Obj, s.Path("port.number"))
	engine.Prove(&f, fronts[0], "spec.ports")
	f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Use one of the ports of %s in %s, or add port %d to that Service", service, s.Path("port.number"), s.Number()),
		Command: escape.Command("kubectl get service %s -n %s", service.Name, service.Namespace), File: flux.File(g.X, g.Obj, s.Path("port.number"))}}
	g.Result.Findings = append(g.Result.Findings, f)
}

// serverName warns of a server for DICOM over TLS that has only named hosts. Envoy then
// selects the server by the name that a client sends in its TLS handshake (SNI, RFC
// 6066), and closes the connection of a client that sends none, as most DICOM devices and
// DCMTK's tools do. Browsers and this program send it (istio 1.24,
// pilot/pkg/networking/core/gateway.go, getSNIHostsForServer).
func serverName(g traffic.Gateway, s traffic.GatewayServer) {
	if !tenant.ServesDICOM(s.Spec) || !terminates(s) || anyHost(g, s.Number()) {
		return
	}
	ref, path := object.RefOf(g.Obj), s.Path("hosts")
	f := finding.Finding{
		Code: engine.CodeHostByName, Ref: ref, Reason: "HostsByName", Severity: finding.Warning,
		Message: fmt.Sprintf("%s serves DICOM on port %d only for %s: devices that send no server name (SNI) in their TLS handshake are disconnected, and most devices send none",
			ref, s.Number(), strings.Join(s.Hosts(), ", ")),
	}
	engine.Prove(&f, g.Obj, path)
	f.Fixes = []finding.Fix{{Text: fmt.Sprintf("In %s, write \"*\", unless all devices send the name", path),
		Command: flux.ApplyCommand(g.X, g.Obj), File: flux.File(g.X, g.Obj, path)}}
	g.Result.Findings = append(g.Result.Findings, f)
}

// terminates reports whether the gateway itself terminates TLS for clients from outside.
func terminates(s traffic.GatewayServer) bool {
	switch s.Mode() {
	case "PASSTHROUGH", "AUTO_PASSTHROUGH", "ISTIO_MUTUAL":
		return false
	}
	return s.HasTLS() && len(s.Hosts()) > 0
}

// anyHost reports whether a server of the Gateway on the port accepts every name, and no
// name.
func anyHost(g traffic.Gateway, port int64) bool {
	return slices.ContainsFunc(object.List(g.Obj.Object, "spec", "servers"), func(spec map[string]any) bool {
		s := traffic.GatewayServer{Spec: spec}
		return s.Number() == port && slices.ContainsFunc(s.Hosts(), func(host string) bool {
			_, bare, _ := engine.CutNamespace(host)
			return bare == "*"
		})
	})
}
