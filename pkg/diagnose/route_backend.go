package diagnose

import (
	"cmp"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// routeBackend is a Service to which an Ingress or a route of the Gateway API sends
// requests.
type routeBackend struct {
	obj     *unstructured.Unstructured
	service finding.Ref
	// namePath and portPath are the paths of the Service and its port in the object. The
	// port is a number or a name.
	namePath, portPath string
	number             int64
	port               string
	// broken creates the finding on the object.
	broken func(reason, why string) finding.Finding
}

// backend reports a Service or a port that does not exist; otherwise it blames the
// Service, whose own explainer checks its endpoints.
func (x *examiner) backend(e *exam, b routeBackend) {
	service, unknown, gone := x.find(b.service)
	switch {
	case unknown != nil:
		e.unknown = append(e.unknown, *unknown)
	case gone:
		f := b.broken("BackendNotFound", fmt.Sprintf("%s does not exist", b.service))
		prove(&f, b.obj, b.namePath)
		f.Evidence = append(f.Evidence, absent(b.service))
		f.Fixes = x.nearFixes(&f, b.obj, b.namePath, b.service, escape.Command("kubectl get services -n %s", b.service.Namespace))
		e.findings = append(e.findings, f)
	default:
		if f, ok := x.backendPort(b, service); ok {
			e.findings = append(e.findings, f)
			return
		}
		e.blame = addRef(e.blame, b.service)
	}
}

// backendPort reports a port, by number or name, that a Service does not have.
func (x *examiner) backendPort(b routeBackend, service *unstructured.Unstructured) (finding.Finding, bool) {
	obj, path, number, name := b.obj, b.portPath, b.number, b.port
	ports := field.List(service.Object, "spec", "ports")
	if number == 0 && name == "" || slices.ContainsFunc(ports, func(p map[string]any) bool {
		return number != 0 && field.Int(p, "port") == number || name != "" && field.Text(p, "name") == name
	}) {
		return finding.Finding{}, false
	}
	ref, wrong := finding.RefOf(service), cmp.Or(name, fmt.Sprint(number))
	f := b.broken("PortNotFound", fmt.Sprintf("%s has no port %s", ref, wrong))
	prove(&f, obj, path)
	prove(&f, service, "spec.ports")
	f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Use a port of %s in %s", ref, path),
		Command: escape.Command("kubectl get service %s -n %s", ref.Name, ref.Namespace), File: x.file(obj, path)}}
	for _, port := range ports {
		meant := fmt.Sprint(field.Int(port, "port"))
		if name != "" {
			meant = field.Text(port, "name")
		}
		if len(ports) == 1 && name == "" || misspellingDistance(meant, wrong) > 0 || field.Int(port, "targetPort") == number && number != 0 {
			f.Fixes = append([]finding.Fix{{Text: fmt.Sprintf("In %s, write %s instead of %s", path, meant, wrong),
				Command: x.applyNow(obj), File: x.file(obj, path)}}, f.Fixes...)
			break
		}
	}
	return f, true
}
