package diagnose

import (
	"cmp"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// explainAPIRoute looks at both ends of a route of the Gateway API: the Gateways
// that it asks for, and the Services that it leads to. What neither explains is
// said by the conditions of its parents.
func explainAPIRoute(x *examiner, obj *unstructured.Unstructured, _ bool) exam {
	e := exam{verdict: x.health.Of(finding.RefOf(obj))}
	if obj.GetDeletionTimestamp() != nil {
		return e
	}
	r := apiRoute{x, obj, &e}
	for i, parent := range field.List(obj.Object, "spec", "parentRefs") {
		r.parent(i, parent)
	}
	for i, rule := range field.List(obj.Object, "spec", "rules") {
		for j, backend := range field.List(rule, "backendRefs") {
			r.backend(fmt.Sprintf("spec.rules[%d].backendRefs[%d]", i, j), backend)
		}
	}
	r.reported()
	e.judge()
	return e
}

// apiRoute is one route of the Gateway API under examination.
type apiRoute struct {
	x    *examiner
	obj  *unstructured.Unstructured
	exam *exam
}

func (r apiRoute) broken(reason, why string) finding.Finding {
	ref := finding.RefOf(r.obj)
	return finding.Finding{Code: codeAPIRoute, Ref: ref, Reason: reason, Severity: finding.Critical,
		Message: fmt.Sprintf("%s does not work: %s", ref, why)}
}

func (r apiRoute) report(f finding.Finding) { r.exam.findings = append(r.exam.findings, f) }

// parent checks a Gateway that the route asks for; other kinds of parents are not
// known.
func (r apiRoute) parent(i int, parent map[string]any) {
	group, kind := cmp.Or(field.Text(parent, "group"), health.APIGatewayKind.Group), cmp.Or(field.Text(parent, "kind"), "Gateway")
	if group != health.APIGatewayKind.Group || kind != health.APIGatewayKind.Kind {
		return
	}
	ref := finding.Ref{APIVersion: gatewayAPIVersion, Kind: kind, Namespace: cmp.Or(field.Text(parent, "namespace"), r.obj.GetNamespace()), Name: field.Text(parent, "name")}
	path := fmt.Sprintf("spec.parentRefs[%d]", i)
	gateway, unknown, gone := r.x.find(ref)
	switch {
	case unknown != nil:
		if r.exam.verdict.Status != health.Ready {
			r.exam.unknown = append(r.exam.unknown, *unknown)
		}
		return
	case gone:
		f := r.broken("GatewayNotFound", fmt.Sprintf("%s does not exist", ref))
		prove(&f, r.obj, path+".name")
		f.Evidence = append(f.Evidence, absent(ref))
		f.Fixes = r.x.nearFixes(&f, r.obj, path+".name", ref, escape.Command("kubectl get gateways.gateway.networking.k8s.io -n %s", ref.Namespace))
		r.report(f)
		return
	}
	if r.x.knownNotReady(ref) {
		r.exam.blame = addRef(r.exam.blame, ref)
	}
	if at := health.ParentStatus(r.obj, parent); at >= 0 {
		r.refused(at, path, parent, gateway)
	}
}

// refused explains why a Gateway does not take the route, by the reason that its
// controller gives and what the two objects say.
func (r apiRoute) refused(at int, path string, parent map[string]any, gateway *unstructured.Unstructured) {
	status := field.List(r.obj.Object, "status", "parents")[at]
	for j, c := range field.List(status, "conditions") {
		if field.Text(c, "type") != "Accepted" || field.Text(c, "status") != "False" {
			continue
		}
		ref := finding.RefOf(gateway)
		f := r.broken(field.Text(c, "reason"), fmt.Sprintf("%s does not accept it: %s", ref, cmp.Or(firstLine(field.Text(c, "message")), field.Text(c, "reason"))))
		f.Since = field.Time(c, "lastTransitionTime")
		condition := fmt.Sprintf("status.parents[%d].conditions[%d]", at, j)
		prove(&f, r.obj, condition+".reason", condition+".message")
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Compare %s with the listeners of %s", path, ref),
			Command: escape.Command("kubectl get gateways.gateway.networking.k8s.io %s -n %s -o yaml", ref.Name, ref.Namespace)}}
		switch f.Reason {
		case "NotAllowedByListeners":
			r.notAllowed(&f, gateway)
		case "NoMatchingListenerHostname":
			r.hostname(&f, gateway)
		case "NoMatchingParent":
			r.section(&f, path, parent, gateway)
		}
		r.report(f)
		return
	}
}

// notAllowed points to the listeners that take routes of other namespaces alone.
func (r apiRoute) notAllowed(f *finding.Finding, gateway *unstructured.Unstructured) {
	for i := range field.List(gateway.Object, "spec", "listeners") {
		prove(f, gateway, fmt.Sprintf("spec.listeners[%d].allowedRoutes", i))
	}
	prove(f, r.obj, "metadata.namespace")
	ref := finding.RefOf(gateway)
	if ref.Namespace == r.obj.GetNamespace() {
		return
	}
	f.Fixes = []finding.Fix{{Text: fmt.Sprintf("In allowedRoutes of a listener of %s, allow routes of namespace %s", ref, r.obj.GetNamespace()),
		Command: escape.Command("kubectl get gateways.gateway.networking.k8s.io %s -n %s -o yaml", ref.Name, ref.Namespace), File: r.x.file(gateway, "spec.listeners")}}
}

// hostname compares the route's hosts with those of the listeners.
func (r apiRoute) hostname(f *finding.Finding, gateway *unstructured.Unstructured) {
	prove(f, r.obj, "spec.hostnames")
	for i, listener := range field.List(gateway.Object, "spec", "listeners") {
		prove(f, gateway, fmt.Sprintf("spec.listeners[%d].hostname", i))
		offered := field.Text(listener, "hostname")
		for k, host := range field.Texts(r.obj.Object, "spec", "hostnames") {
			if len(f.Fixes) == 1 && misspellingDistance(host, offered) > 0 {
				path := fmt.Sprintf("spec.hostnames[%d]", k)
				f.Fixes = append([]finding.Fix{{Text: fmt.Sprintf("In %s, write %s instead of %s", path, offered, host),
					Command: r.x.applyNow(r.obj), File: r.x.file(r.obj, path)}}, f.Fixes...)
			}
		}
	}
}

// section compares the listener's name and port that the route asks for.
func (r apiRoute) section(f *finding.Finding, path string, parent map[string]any, gateway *unstructured.Unstructured) {
	prove(f, r.obj, path+".sectionName", path+".port")
	wanted := field.Text(parent, "sectionName")
	for i, listener := range field.List(gateway.Object, "spec", "listeners") {
		name := field.Text(listener, "name")
		prove(f, gateway, fmt.Sprintf("spec.listeners[%d].name", i), fmt.Sprintf("spec.listeners[%d].port", i))
		if len(f.Fixes) == 1 && misspellingDistance(wanted, name) > 0 {
			f.Fixes = append([]finding.Fix{{Text: fmt.Sprintf("In %s.sectionName, write %s instead of %s", path, name, wanted),
				Command: r.x.applyNow(r.obj), File: r.x.file(r.obj, path+".sectionName")}}, f.Fixes...)
		}
	}
}

// backend checks a Service that a rule leads to; other kinds are not known.
func (r apiRoute) backend(path string, backend map[string]any) {
	if group, kind := field.Text(backend, "group"), cmp.Or(field.Text(backend, "kind"), health.ServiceKind.Kind); group != "" || kind != health.ServiceKind.Kind {
		return
	}
	ref := coreRef(health.ServiceKind.Kind, cmp.Or(field.Text(backend, "namespace"), r.obj.GetNamespace()), field.Text(backend, "name"))
	if ref.Namespace != r.obj.GetNamespace() {
		f, unknown := r.x.grantMissing(r.obj, ref, path)
		switch {
		case f != nil:
			r.report(*f)
			return
		case unknown != nil && r.exam.verdict.Status != health.Ready:
			r.exam.unknown = append(r.exam.unknown, *unknown)
		}
	}
	r.x.backend(r.exam, routeBackend{obj: r.obj, service: ref, namePath: path + ".name", portPath: path + ".port", number: field.Int(backend, "port"), broken: r.broken})
}

// reported is what the conditions say against the route, for want of a cause in
// what it names.
func (r apiRoute) reported() {
	v := r.exam.verdict
	if v.Status != health.Failing || len(r.exam.findings) > 0 {
		return
	}
	f := r.broken(string(v.Reason), cmp.Or(firstLine(v.Message), string(v.Reason)))
	f.Since = v.Since
	for i, status := range field.List(r.obj.Object, "status", "parents") {
		for j, c := range field.List(status, "conditions") {
			if bad := field.Text(c, "status") != "True"; bad != strings.HasPrefix(field.Text(c, "type"), "Partially") {
				path := fmt.Sprintf("status.parents[%d].conditions[%d]", i, j)
				prove(&f, r.obj, path+".reason", path+".message")
			}
		}
	}
	prove(&f, r.obj, "spec.parentRefs")
	if len(f.Evidence) == 0 {
		prove(&f, r.obj, "metadata.name")
	}
	f.Fixes = []finding.Fix{{Text: "Check what the controller of its Gateway reports", Command: describe(f.Ref)}}
	r.exam.fallback = append(r.exam.fallback, f)
}
