package network

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/traffic"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// targetPorts reports ports of the Service that target no port of its pods. It only warns
// if another port works and no route uses the broken one.
func targetPorts(s traffic.Service) {
	behind := s.X.Selected(engine.SelectorOf(s.Obj), s.Obj.GetNamespace())
	ports := object.List(s.Obj.Object, "spec", "ports")
	if len(behind) == 0 {
		return
	}
	var broken []finding.Finding
	routed := false
	for i, port := range ports {
		f, ok := unresolved(s, i, port, behind)
		if !ok {
			f, ok = s.MistakenPort(i, port, behind)
		}
		if ok {
			broken = append(broken, f)
			routed = routed || traffic.RoutedTo(s.X, s.Obj, object.Int(port, "port"))
		}
	}
	for _, f := range broken {
		if !routed && len(broken) < len(ports) {
			f.Severity = finding.Warning
		}
		s.Result.Findings = append(s.Result.Findings, f)
	}
}

// unresolved reports a port whose targetPort is a name that no container has. Such a port
// is missing in the EndpointSlices, while the pods are in them (kubernetes v1.36,
// k8s.io/endpointslice, getEndpointPorts).
func unresolved(s traffic.Service, i int, port map[string]any, behind []*unstructured.Unstructured) (finding.Finding, bool) {
	name, named := port["targetPort"].(string)
	if !named || name == "" {
		return finding.Finding{}, false
	}
	declared := false
	for _, workload := range behind {
		for _, c := range traffic.ContainerPorts(s.X, workload) {
			if c.Name == name {
				return finding.Finding{}, false
			}
			declared = true
		}
	}
	if !declared && !slicesLack(s, object.Text(port, "name")) {
		return finding.Finding{}, false
	}
	f := s.PortFinding(i, "TargetPortNotFound", fmt.Sprintf("no container of its pods has a port named %s", name))
	f.Fixes = []finding.Fix{{Text: "Compare targetPort with the ports of the containers",
		Command: escape.Command("kubectl get %s %s -n %s -o yaml", engine.ResourceOf(object.RefOf(behind[0])), behind[0].GetName(), behind[0].GetNamespace()),
		File:    flux.File(s.X, s.Obj, fmt.Sprintf("spec.ports[%d].targetPort", i))}}
	if near, ok := traffic.FindPort(s.X, behind, func(c traffic.ContainerPort) bool {
		return engine.MisspellingDistance(name, c.Name) > 0 || c.Number == object.Int(port, "port")
	}); ok {
		s.SuggestPort(&f, i, near, name)
	}
	return f, true
}

// slicesLack reports whether the Service's EndpointSlices have ports, but none with that
// name.
func slicesLack(s traffic.Service, name string) bool {
	lack := false
	for _, slice := range s.Slices() {
		if _, there := slice.Object["ports"]; !there {
			return false
		}
		for _, port := range object.List(slice.Object, "ports") {
			if object.Text(port, "name") == name {
				return false
			}
		}
		lack = true
	}
	return lack
}
