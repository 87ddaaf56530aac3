package network

import (
	"cmp"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// ExplainAPIRoute checks both ends of a route of the Gateway API: the Gateways that it
// references, and its Services. If neither is the cause, it reports the conditions of the
// route's parents.
func ExplainAPIRoute(x *engine.Context, obj *unstructured.Unstructured, _ bool) engine.Result {
	e := engine.Result{Verdict: x.Health.Of(object.RefOf(obj))}
	if obj.GetDeletionTimestamp() != nil {
		return e
	}
	r := apiRoute{x, obj, &e}
	for i, parent := range object.List(obj.Object, "spec", "parentRefs") {
		r.parent(i, parent)
	}
	for i, rule := range object.List(obj.Object, "spec", "rules") {
		for j, backend := range object.List(rule, "backendRefs") {
			r.backend(fmt.Sprintf("spec.rules[%d].backendRefs[%d]", i, j), backend)
		}
	}
	r.reported()
	e.JudgeByFindings()
	return e
}

// apiRoute is one route of the Gateway API under examination.
type apiRoute struct {
	x    *engine.Context
	obj  *unstructured.Unstructured
	exam *engine.Result
}

func (r apiRoute) broken(reason, why string) finding.Finding {
	ref := object.RefOf(r.obj)
	return finding.Finding{Code: engine.CodeAPIRoute, Ref: ref, Reason: reason, Severity: finding.Critical,
		Message: fmt.Sprintf("%s does not work: %s", ref, why)}
}

func (r apiRoute) report(f finding.Finding) { r.exam.Findings = append(r.exam.Findings, f) }

// parent checks a Gateway that the route references; other kinds of parents are not
// known.
func (r apiRoute) parent(i int, parent map[string]any) {
	group, kind := cmp.Or(object.Text(parent, "group"), object.APIGatewayKind.Group), cmp.Or(object.Text(parent, "kind"), "Gateway")
	if group != object.APIGatewayKind.Group || kind != object.APIGatewayKind.Kind {
		return
	}
	ref := object.Ref{APIVersion: gatewayAPIVersion, Kind: kind, Namespace: cmp.Or(object.Text(parent, "namespace"), r.obj.GetNamespace()), Name: object.Text(parent, "name")}
	path := fmt.Sprintf("spec.parentRefs[%d]", i)
	gateway, unknown, gone := r.x.Find(ref)
	switch {
	case unknown != nil:
		if r.exam.Verdict.Status != health.Ready {
			r.exam.Unknown = append(r.exam.Unknown, *unknown)
		}
		return
	case gone:
		f := r.broken("GatewayNotFound", fmt.Sprintf("%s does not exist", ref))
		engine.Prove(&f, r.obj, path+".name")
		f.Evidence = append(f.Evidence, engine.Absent(ref))
		f.Fixes = nearFixes(r.x, &f, r.obj, path+".name", ref, escape.Command("kubectl get gateways.gateway.networking.k8s.io -n %s", ref.Namespace))
		r.report(f)
		return
	}
	if flux.KnownNotReady(r.x, ref) {
		r.exam.Blame = engine.AddRef(r.exam.Blame, ref)
	}
	if at := health.ParentStatus(r.obj, parent); at >= 0 {
		r.refused(at, path, parent, gateway)
	}
}

// refused explains why a Gateway does not accept the route, by the reason of its
// controller and the fields of the two objects.
func (r apiRoute) refused(at int, path string, parent map[string]any, gateway *unstructured.Unstructured) {
	status := object.List(r.obj.Object, "status", "parents")[at]
	for j, c := range object.List(status, "conditions") {
		if object.Text(c, "type") != "Accepted" || object.Text(c, "status") != "False" {
			continue
		}
		ref := object.RefOf(gateway)
		f := r.broken(object.Text(c, "reason"), fmt.Sprintf("%s does not accept it: %s", ref, cmp.Or(health.FirstLine(object.Text(c, "message")), object.Text(c, "reason"))))
		f.Since = object.Time(c, "lastTransitionTime")
		condition := fmt.Sprintf("status.parents[%d].conditions[%d]", at, j)
		engine.Prove(&f, r.obj, condition+".reason", condition+".message")
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

// notAllowed quotes the listeners that do not accept routes of the route's namespace.
func (r apiRoute) notAllowed(f *finding.Finding, gateway *unstructured.Unstructured) {
	for i := range object.List(gateway.Object, "spec", "listeners") {
		engine.Prove(f, gateway, fmt.Sprintf("spec.listeners[%d].allowedRoutes", i))
	}
	engine.Prove(f, r.obj, "metadata.namespace")
	ref := object.RefOf(gateway)
	if ref.Namespace == r.obj.GetNamespace() {
		return
	}
	f.Fixes = []finding.Fix{{Text: fmt.Sprintf("In allowedRoutes of a listener of %s, allow routes of namespace %s", ref, r.obj.GetNamespace()),
		Command: escape.Command("kubectl get gateways.gateway.networking.k8s.io %s -n %s -o yaml", ref.Name, ref.Namespace), File: flux.File(r.x, gateway, "spec.listeners")}}
}

// hostname compares the route's hosts with those of the listeners.
func (r apiRoute) hostname(f *finding.Finding, gateway *unstructured.Unstructured) {
	engine.Prove(f, r.obj, "spec.hostnames")
	for i, listener := range object.List(gateway.Object, "spec", "listeners") {
		engine.Prove(f, gateway, fmt.Sprintf("spec.listeners[%d].hostname", i))
		offered := object.Text(listener, "hostname")
		for k, host := range object.Texts(r.obj.Object, "spec", "hostnames") {
			if len(f.Fixes) == 1 && engine.MisspellingDistance(host, offered) > 0 {
				path := fmt.Sprintf("spec.hostnames[%d]", k)
				f.Fixes = append([]finding.Fix{{Text: fmt.Sprintf("In %s, write %s instead of %s", path, offered, host),
					Command: flux.ApplyCommand(r.x, r.obj), File: flux.File(r.x, r.obj, path)}}, f.Fixes...)
			}
		}
	}
}

// section compares the listener's name and port with those that the route requests.
func (r apiRoute) section(f *finding.Finding, path string, parent map[string]any, gateway *unstructured.Unstructured) {
	engine.Prove(f, r.obj, path+".sectionName", path+".port")
	wanted := object.Text(parent, "sectionName")
	for i, listener := range object.List(gateway.Object, "spec", "listeners") {
		name := object.Text(listener, "name")
		engine.Prove(f, gateway, fmt.Sprintf("spec.listeners[%d].name", i), fmt.Sprintf("spec.listeners[%d].port", i))
		if len(f.Fixes) == 1 && engine.MisspellingDistance(wanted, name) > 0 {
			f.Fixes = append([]finding.Fix{{Text: fmt.Sprintf("In %s.sectionName, write %s instead of %s", path, name, wanted),
				Command: flux.ApplyCommand(r.x, r.obj), File: flux.File(r.x, r.obj, path+".sectionName")}}, f.Fixes...)
		}
	}
}

// backend checks a Service of a rule; other kinds are not known.
func (r apiRoute) backend(path string, backend map[string]any) {
	if group, kind := object.Text(backend, "group"), cmp.Or(object.Text(backend, "kind"), object.ServiceKind.Kind); group != "" || kind != object.ServiceKind.Kind {
		return
	}
	ref := engine.CoreRef(object.ServiceKind.Kind, cmp.Or(object.Text(backend, "namespace"), r.obj.GetNamespace()), object.Text(backend, "name"))
	if ref.Namespace != r.obj.GetNamespace() {
		f, unknown := grantMissing(r.x, r.obj, ref, path)
		switch {
		case f != nil:
			r.report(*f)
			return
		case unknown != nil && r.exam.Verdict.Status != health.Ready:
			r.exam.Unknown = append(r.exam.Unknown, *unknown)
		}
	}
	judgeBackend(r.x, r.exam, routeBackend{obj: r.obj, service: ref, namePath: path + ".name", portPath: path + ".port", number: object.Int(backend, "port"), broken: r.broken})
}

// reported is the problem that the route's conditions report, if none of its references
// is the cause.
func (r apiRoute) reported() {
	v := r.exam.Verdict
	if v.Status != health.Failing || len(r.exam.Findings) > 0 {
		return
	}
	f := r.broken(string(v.Reason), cmp.Or(health.FirstLine(v.Message), string(v.Reason)))
	f.Since = v.Since
	for i, status := range object.List(r.obj.Object, "status", "parents") {
		for j, c := range object.List(status, "conditions") {
			if bad := object.Text(c, "status") != "True"; bad != strings.HasPrefix(object.Text(c, "type"), "Partially") {
				path := fmt.Sprintf("status.parents[%d].conditions[%d]", i, j)
				engine.Prove(&f, r.obj, path+".reason", path+".message")
			}
		}
	}
	engine.Prove(&f, r.obj, "spec.parentRefs")
	if len(f.Evidence) == 0 {
		engine.Prove(&f, r.obj, "metadata.name")
	}
	f.Fixes = []finding.Fix{{Text: "Check what the controller of its Gateway reports", Command: engine.Describe(f.Ref)}}
	r.exam.Fallback = append(r.exam.Fallback, f)
}
