package diagnose

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// fronts are the Services in front of workloads.
func (x *examiner) fronts(workloads []*unstructured.Unstructured) []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	for _, workload := range workloads {
		for _, service := range x.snap.List(health.ServiceKind, workload.GetNamespace()).Objects {
			selector := selectorOf(service)
			if len(selector) > 0 && matches(selector, podLabels(workload)) && !slices.Contains(found, service) {
				found = append(found, service)
			}
		}
	}
	return found
}

// front reports gateway pods that no Service selects though the release that has
// installed them is ready: the Service was deleted, which Helm does not notice, or
// the release's values turn it off. Pods with ports of their node need none.
func (g gateway) front() {
	serving := g.serving()
	if len(serving) == 0 || len(g.x.fronts(serving)) > 0 {
		return
	}
	for _, workload := range serving {
		if onNode(workload) || len(g.x.unreadable(health.ServiceKind, workload.GetNamespace())) > 0 {
			return
		}
	}
	release := g.x.installer(serving[0])
	if release == nil || g.x.health.Of(finding.RefOf(release)).Status != health.Ready {
		return
	}
	ref := finding.RefOf(release)
	f := finding.Finding{
		Code: codeGatewayPort, Ref: ref, Reason: "ServiceNotFound", Severity: finding.Critical,
		Message: fmt.Sprintf("no Service selects the gateway pods of %s, which %s installed: clients can't reach them", finding.RefOf(serving[0]), ref),
	}
	prove(&f, serving[0], labelsPath(serving[0]))
	prove(&f, release, "spec.chart.spec.chart", "spec.chartRef.name")
	f.Fixes = []finding.Fix{
		{Text: fmt.Sprintf("Have %s install the Service again, unless its values disable it", ref),
			Command: escape.Command("flux reconcile helmrelease %s -n %s --force", ref.Name, ref.Namespace)},
		{Text: "Check which Services exist", Command: escape.Command("kubectl get services -n %s --show-labels", serving[0].GetNamespace())},
	}
	g.exam.findings = append(g.exam.findings, f)
}

// onNode tells whether clients reach a workload's pods by ports of their nodes.
func onNode(workload *unstructured.Unstructured) bool {
	spec := field.Map(workload.Object, "spec", "template", "spec")
	if workload.GetKind() == health.PodKind.Kind {
		spec = field.Map(workload.Object, "spec")
	}
	if spec["hostNetwork"] == true {
		return true
	}
	return slices.ContainsFunc(field.List(spec, "containers"), func(container map[string]any) bool {
		return slices.ContainsFunc(field.List(container, "ports"), func(port map[string]any) bool { return field.Int(port, "hostPort") != 0 })
	})
}

// port reports a server on a port that no Service in front of the gateway pods
// has. Istio takes the number for a Service's port, and where there is none has
// the proxy listen on the number itself, which a targetPort can lead to
// (istio 1.24, pilot/pkg/model/push_context.go and gateway.go, resolvePorts).
func (g gateway) port(s gatewayServer) {
	fronts := g.x.fronts(g.serving())
	if s.number() == 0 || len(fronts) == 0 {
		return
	}
	for _, service := range fronts {
		for _, port := range field.List(service.Object, "spec", "ports") {
			_, named := port["targetPort"].(string)
			if named || field.Int(port, "port") == s.number() || field.Int(port, "targetPort") == s.number() {
				return
			}
		}
	}
	ref, service := finding.RefOf(g.obj), finding.RefOf(fronts[0])
	f := finding.Finding{
		Code: codeGatewayPort, Ref: ref, Reason: "PortNotExposed", Severity: finding.Critical,
		Message: fmt.Sprintf("%s can't be reached on port %d: %s, which exposes the gateway pods, has no such port", ref, s.number(), service),
	}
	prove(&f, g.obj, s.path("port.number"))
	prove(&f, fronts[0], "spec.ports")
	f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Use one of the ports of %s in %s, or add port %d to that Service", service, s.path("port.number"), s.number()),
		Command: escape.Command("kubectl get service %s -n %s", service.Name, service.Namespace), File: g.x.file(g.obj, s.path("port.number"))}}
	g.exam.findings = append(g.exam.findings, f)
}
