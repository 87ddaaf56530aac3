package traffic

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/pods"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// PortFinding is the finding that a port of the Service is wrong; why is a clause.
func (s Service) PortFinding(i int, reason, why string) finding.Finding {
	ref := object.RefOf(s.Obj)
	f := finding.Finding{
		Code: engine.CodeServicePort, Ref: ref, Reason: reason, Severity: finding.Critical,
		Message: fmt.Sprintf("%s has no endpoints on port %d: %s", ref, object.Int(object.List(s.Obj.Object, "spec", "ports")[i], "port"), why),
	}
	engine.Prove(&f, s.Obj, fmt.Sprintf("spec.ports[%d].targetPort", i))
	return f
}

// MistakenPort reports a port whose targetPort no container declares, while one declares the
// port that was meant: the Service's own number, or the one that another tenant's
// corresponding Service targets. A container may listen on ports that it does not
// declare, so this is only reported with such evidence.
func (s Service) MistakenPort(i int, port map[string]any, behind []*unstructured.Unstructured) (finding.Finding, bool) {
	number, target := object.Int(port, "port"), object.Int(port, "targetPort")
	if target == 0 || target == number {
		return finding.Finding{}, false
	}
	for _, workload := range behind {
		for _, c := range ContainerPorts(s.X, workload) {
			if c.Number == target {
				return finding.Finding{}, false
			}
		}
	}
	var theirs *unstructured.Unstructured
	meant := number
	if peer := s.X.Peer(object.RefOf(s.Obj)); peer != nil {
		for _, other := range object.List(peer.Object, "spec", "ports") {
			if object.Int(other, "port") == number && object.Int(other, "targetPort") != 0 {
				meant, theirs = object.Int(other, "targetPort"), peer
			}
		}
	}
	near, ok := FindPort(s.X, behind, func(c ContainerPort) bool { return c.Number == meant })
	if !ok || meant == target {
		return finding.Finding{}, false
	}
	f := s.PortFinding(i, "TargetPortMismatch", fmt.Sprintf("no container of its pods declares port %d", target))
	if theirs != nil {
		engine.Prove(&f, theirs, "spec.ports")
	}
	s.SuggestPort(&f, i, near, fmt.Sprint(target))
	return f, true
}

// SuggestPort adds the port that was meant to a finding.
func (s Service) SuggestPort(f *finding.Finding, i int, near ContainerPort, wrong string) {
	path := fmt.Sprintf("spec.ports[%d].targetPort", i)
	f.Message += fmt.Sprintf("; container %s of %s has %s", near.container, object.RefOf(near.of), near)
	engine.Prove(f, near.of, near.path)
	meant := fmt.Sprint(near.Number)
	if near.Name != "" {
		meant = near.Name
	}
	f.Fixes = []finding.Fix{{Text: fmt.Sprintf("In %s, write %s instead of %s", path, meant, wrong),
		Command: flux.ApplyCommand(s.X, s.Obj), File: flux.File(s.X, s.Obj, path)}}
}

// ContainerPort is a port that a container declares.
type ContainerPort struct {
	of              *unstructured.Unstructured
	container, Name string
	Number          int64
	path            string
}

// String names the port in a message: "port http (8042)".
func (c ContainerPort) String() string {
	if c.Name == "" {
		return fmt.Sprintf("port %d", c.Number)
	}
	return fmt.Sprintf("port %s (%d)", c.Name, c.Number)
}

// ContainerPorts are the ports that the containers of a workload declare, in its template
// and in its pods, which may have sidecars as well.
func ContainerPorts(x *engine.Context, workload *unstructured.Unstructured) []ContainerPort {
	if workload.GetKind() == object.PodKind.Kind {
		return portsIn(workload, "spec")
	}
	found := portsIn(workload, "spec.template.spec")
	pods, _ := pods.Current(x, workload)
	for _, pod := range pods {
		found = append(found, portsIn(pod, "spec")...)
	}
	return found
}

func portsIn(obj *unstructured.Unstructured, at string) []ContainerPort {
	spec := object.Map(obj.Object, strings.Split(at, ".")...)
	var found []ContainerPort
	for _, list := range []string{"containers", "initContainers"} {
		for i, container := range object.List(spec, list) {
			if list == "initContainers" && object.Text(container, "restartPolicy") != "Always" {
				continue // it has terminated before the pod receives traffic
			}
			for j, port := range object.List(container, "ports") {
				found = append(found, ContainerPort{
					of: obj, container: object.Text(container, "name"), Name: object.Text(port, "name"), Number: object.Int(port, "containerPort"),
					path: fmt.Sprintf("%s.%s[%d].ports[%d].containerPort", at, list, i, j),
				})
			}
		}
	}
	return found
}

// FindPort is the declared port that fits, if there is only one.
func FindPort(x *engine.Context, workloads []*unstructured.Unstructured, fits func(ContainerPort) bool) (ContainerPort, bool) {
	var found ContainerPort
	for _, workload := range workloads {
		for _, c := range ContainerPorts(x, workload) {
			switch {
			case !fits(c):
			case found.of == nil:
				found = c
			case found.Number != c.Number:
				return ContainerPort{}, false
			}
		}
	}
	return found, found.of != nil
}

// targetNumber is the containers' port that a Service's port targets, 0 if it is a name
// that can't be resolved.
func targetNumber(x *engine.Context, port map[string]any, workload *unstructured.Unstructured) int64 {
	switch target := port["targetPort"].(type) {
	case int64:
		return target
	case string:
		for _, c := range ContainerPorts(x, workload) {
			if c.Name == target {
				return c.Number
			}
		}
		return 0
	}
	return object.Int(port, "port")
}
