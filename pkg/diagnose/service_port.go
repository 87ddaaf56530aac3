package diagnose

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// targetPorts reports ports of the Service that lead to none of its pods' ports.
// It warns only where another port works and no route uses the broken one.
func (s service) targetPorts() {
	behind := s.x.selected(selectorOf(s.obj), s.obj.GetNamespace())
	ports := field.List(s.obj.Object, "spec", "ports")
	if len(behind) == 0 {
		return
	}
	var broken []finding.Finding
	routed := false
	for i, port := range ports {
		f, ok := s.unresolved(i, port, behind)
		if !ok {
			f, ok = s.mistaken(i, port, behind)
		}
		if ok {
			broken = append(broken, f)
			routed = routed || s.x.routedTo(s.obj, field.Int(port, "port"))
		}
	}
	for _, f := range broken {
		if !routed && len(broken) < len(ports) {
			f.Severity = finding.Warning
		}
		s.exam.findings = append(s.exam.findings, f)
	}
}

func (s service) portFinding(i int, reason, why string) finding.Finding {
	ref := finding.RefOf(s.obj)
	f := finding.Finding{
		Code: codeServicePort, Ref: ref, Reason: reason, Severity: finding.Critical,
		Message: fmt.Sprintf("%s has no endpoints on port %d: %s", ref, field.Int(field.List(s.obj.Object, "spec", "ports")[i], "port"), why),
	}
	prove(&f, s.obj, fmt.Sprintf("spec.ports[%d].targetPort", i))
	return f
}

// unresolved is a port whose targetPort is a name that no container has. Such a
// port is missing in the EndpointSlices, while the pods are in them (kubernetes
// v1.36, k8s.io/endpointslice, getEndpointPorts).
func (s service) unresolved(i int, port map[string]any, behind []*unstructured.Unstructured) (finding.Finding, bool) {
	name, named := port["targetPort"].(string)
	if !named || name == "" {
		return finding.Finding{}, false
	}
	declared := false
	for _, workload := range behind {
		for _, c := range s.x.containerPorts(workload) {
			if c.name == name {
				return finding.Finding{}, false
			}
			declared = true
		}
	}
	if !declared && !s.slicesLack(field.Text(port, "name")) {
		return finding.Finding{}, false
	}
	f := s.portFinding(i, "TargetPortNotFound", fmt.Sprintf("no container of its pods has a port named %s", name))
	f.Fixes = []finding.Fix{{Text: "Compare targetPort with the ports of the containers",
		Command: escape.Command("kubectl get %s %s -n %s -o yaml", resourceOf(finding.RefOf(behind[0])), behind[0].GetName(), behind[0].GetNamespace()),
		File:    s.x.file(s.obj, fmt.Sprintf("spec.ports[%d].targetPort", i))}}
	if near, ok := s.x.nearPort(behind, func(c containerPort) bool {
		return misspellingDistance(name, c.name) > 0 || c.number == field.Int(port, "port")
	}); ok {
		s.offer(&f, i, near, name)
	}
	return f, true
}

// slicesLack tells whether the Service's EndpointSlices have ports, and none of
// that name.
func (s service) slicesLack(name string) bool {
	lack := false
	for _, slice := range s.slices() {
		if _, there := slice.Object["ports"]; !there {
			return false
		}
		for _, port := range field.List(slice.Object, "ports") {
			if field.Text(port, "name") == name {
				return false
			}
		}
		lack = true
	}
	return lack
}

// mistaken is a port whose targetPort no container declares, while one declares
// the port that is meant: the Service's own number, or the one to which another
// tenant's same Service leads. A container may listen on ports that it does not
// declare, so nothing is wrong without such a sign.
func (s service) mistaken(i int, port map[string]any, behind []*unstructured.Unstructured) (finding.Finding, bool) {
	number, target := field.Int(port, "port"), field.Int(port, "targetPort")
	if target == 0 || target == number {
		return finding.Finding{}, false
	}
	for _, workload := range behind {
		for _, c := range s.x.containerPorts(workload) {
			if c.number == target {
				return finding.Finding{}, false
			}
		}
	}
	var theirs *unstructured.Unstructured
	meant := number
	if peer := s.x.peer(finding.RefOf(s.obj)); peer != nil {
		for _, other := range field.List(peer.Object, "spec", "ports") {
			if field.Int(other, "port") == number && field.Int(other, "targetPort") != 0 {
				meant, theirs = field.Int(other, "targetPort"), peer
			}
		}
	}
	near, ok := s.x.nearPort(behind, func(c containerPort) bool { return c.number == meant })
	if !ok || meant == target {
		return finding.Finding{}, false
	}
	f := s.portFinding(i, "TargetPortMismatch", fmt.Sprintf("no container of its pods declares port %d", target))
	if theirs != nil {
		prove(&f, theirs, "spec.ports")
	}
	s.offer(&f, i, near, fmt.Sprint(target))
	return f, true
}

// offer adds the port that is meant to a finding.
func (s service) offer(f *finding.Finding, i int, near containerPort, wrong string) {
	path := fmt.Sprintf("spec.ports[%d].targetPort", i)
	f.Message += fmt.Sprintf("; container %s of %s has %s", near.container, finding.RefOf(near.of), near)
	prove(f, near.of, near.path)
	meant := fmt.Sprint(near.number)
	if near.name != "" {
		meant = near.name
	}
	f.Fixes = []finding.Fix{{Text: fmt.Sprintf("In %s, write %s instead of %s", path, meant, wrong),
		Command: s.x.applyNow(s.obj), File: s.x.file(s.obj, path)}}
}

// containerPort is a port that a container declares.
type containerPort struct {
	of              *unstructured.Unstructured
	container, name string
	number          int64
	path            string
}

func (c containerPort) String() string {
	if c.name == "" {
		return fmt.Sprintf("port %d", c.number)
	}
	return fmt.Sprintf("port %s (%d)", c.name, c.number)
}

// containerPorts are the ports that the containers of a workload declare, by its
// template and by its pods, which may have sidecars besides.
func (x *examiner) containerPorts(workload *unstructured.Unstructured) []containerPort {
	if workload.GetKind() == health.PodKind.Kind {
		return portsIn(workload, "spec")
	}
	found := portsIn(workload, "spec.template.spec")
	pods, _ := x.pods(workload)
	for _, pod := range pods {
		found = append(found, portsIn(pod, "spec")...)
	}
	return found
}

func portsIn(obj *unstructured.Unstructured, at string) []containerPort {
	spec := field.Map(obj.Object, strings.Split(at, ".")...)
	var found []containerPort
	for _, list := range []string{"containers", "initContainers"} {
		for i, container := range field.List(spec, list) {
			if list == "initContainers" && field.Text(container, "restartPolicy") != "Always" {
				continue // it has ended when the pod takes traffic
			}
			for j, port := range field.List(container, "ports") {
				found = append(found, containerPort{
					of: obj, container: field.Text(container, "name"), name: field.Text(port, "name"), number: field.Int(port, "containerPort"),
					path: fmt.Sprintf("%s.%s[%d].ports[%d].containerPort", at, list, i, j),
				})
			}
		}
	}
	return found
}

// nearPort is the one declared port that fits, if there is one only.
func (x *examiner) nearPort(workloads []*unstructured.Unstructured, fits func(containerPort) bool) (containerPort, bool) {
	var found containerPort
	for _, workload := range workloads {
		for _, c := range x.containerPorts(workload) {
			switch {
			case !fits(c):
			case found.of == nil:
				found = c
			case found.number != c.number:
				return containerPort{}, false
			}
		}
	}
	return found, found.of != nil
}

// targetNumber is the containers' port that a Service's port leads to, 0 when it
// is a name that can't be resolved.
func (x *examiner) targetNumber(port map[string]any, workload *unstructured.Unstructured) int64 {
	switch target := port["targetPort"].(type) {
	case int64:
		return target
	case string:
		for _, c := range x.containerPorts(workload) {
			if c.name == target {
				return c.number
			}
		}
		return 0
	}
	return field.Int(port, "port")
}
