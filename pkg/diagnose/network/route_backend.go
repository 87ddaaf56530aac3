package network

import (
	"cmp"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// routeBackend is a Service to which an Ingress or a route of the Gateway API sends
// requests.
type routeBackend struct {
	obj     *unstructured.Unstructured
	service object.Ref
	// namePath and portPath are the paths of the Service and its port in the object. The
	// port is a number or a name.
	namePath, portPath string
	number             int64
	port               string
	// broken creates the finding on the object.
	broken func(reason, why string) finding.Finding
}

// judgeBackend reports a Service or a port that does not exist; otherwise it blames the
// Service, whose own explainer checks its endpoints.
func judgeBackend(x *engine.Context, e *engine.Result, b routeBackend) {
	service, unknown, gone := x.Find(b.service)
	switch {
	case unknown != nil:
		e.Unknown = append(e.Unknown, *unknown)
	case gone:
		f := b.broken("BackendNotFound", fmt.Sprintf("%s does not exist", b.service))
		engine.Prove(&f, b.obj, b.namePath)
		f.Evidence = append(f.Evidence, engine.Absent(b.service))
		f.Fixes = nearFixes(x, &f, b.obj, b.namePath, b.service, escape.Command("kubectl get services -n %s", b.service.Namespace))
		e.Findings = append(e.Findings, f)
	default:
		if f, ok := backendPort(x, b, service); ok {
			e.Findings = append(e.Findings, f)
			return
		}
		e.Blame = engine.AddRef(e.Blame, b.service)
	}
}

// backendPort reports a port, by number or name, that a Service does not have.
func backendPort(x *engine.Context, b routeBackend, service *unstructured.Unstructured) (finding.Finding, bool) {
	obj, path, number, name := b.obj, b.portPath, b.number, b.port
	ports := object.List(service.Object, "spec", "ports")
	if number == 0 && name == "" || slices.ContainsFunc(ports, func(p map[string]any) bool {
		return number != 0 && object.Int(p, "port") == number || name != "" && object.Text(p, "name") == name
	}) {
		return finding.Finding{}, false
	}
	ref, wrong := object.RefOf(service), cmp.Or(name, fmt.Sprint(number))
	f := b.broken("PortNotFound", fmt.Sprintf("%s has no port %s", ref, wrong))
	engine.Prove(&f, obj, path)
	engine.Prove(&f, service, "spec.ports")
	f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Use a port of %s in %s", ref, path),
		Command: escape.Command("kubectl get service %s -n %s", ref.Name, ref.Namespace), File: flux.File(x, obj, path)}}
	for _, port := range ports {
		meant := fmt.Sprint(object.Int(port, "port"))
		if name != "" {
			meant = object.Text(port, "name")
		}
		if len(ports) == 1 && name == "" || engine.MisspellingDistance(meant, wrong) > 0 || object.Int(port, "targetPort") == number && number != 0 {
			f.Fixes = append([]finding.Fix{{Text: fmt.Sprintf("In %s, write %s instead of %s", path, meant, wrong),
				Command: flux.ApplyCommand(x, obj), File: flux.File(x, obj, path)}}, f.Fixes...)
			break
		}
	}
	return f, true
}
