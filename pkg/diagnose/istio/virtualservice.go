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
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/similar"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// ExplainVirtualService checks both ends of an Istio route: the Gateways through which
// requests arrive, and the Services to which they are sent.
func ExplainVirtualService(x *engine.Context, obj *unstructured.Unstructured, _ bool) engine.Result {
	e := engine.Result{Verdict: x.Health.Of(object.RefOf(obj))}
	if obj.GetDeletionTimestamp() != nil {
		return e
	}
	r := traffic.Route{X: x, Obj: obj, Result: &e}
	entries(r)
	for _, rule := range r.Rules() {
		for _, to := range rule.Destinations() {
			destination(r, to)
		}
	}
	if len(r.Gateways()) > 0 {
		e.Unknown = append(e.Unknown, traffic.UnreadPolicies(x, obj.GetNamespace())...)
	}
	e.JudgeByFindings()
	return e
}

// brokenRoute is the finding on a route that does not work. The fix is what to compare, until
// it is known what was meant.
func brokenRoute(r traffic.Route, reason, why, path string, look finding.Fix) finding.Finding {
	ref := object.RefOf(r.Obj)
	f := finding.Finding{
		Code: engine.CodeRouteBroken, Ref: ref, Reason: reason, Severity: finding.Critical,
		Message: fmt.Sprintf("%s does not work: %s", ref, why),
	}
	engine.Prove(&f, r.Obj, path)
	look.File = flux.File(r.X, r.Obj, path)
	f.Fixes = []finding.Fix{look}
	return f
}

// suggest adds the fix that replaces a value.
func suggest(r traffic.Route, f *finding.Finding, path, right, wrong string) {
	f.Fixes = append([]finding.Fix{{
		Text:    fmt.Sprintf("In %s, write %s instead of %s", path, right, wrong),
		Command: flux.ApplyCommand(r.X, r.Obj), File: flux.File(r.X, r.Obj, path),
	}}, f.Fixes...)
}

// lookUp reports an object that does not exist, and returns it if it does.
func lookUp(r traffic.Route, ref object.Ref, path, name string) *unstructured.Unstructured {
	answer := r.X.Snap.Lookup(ref)
	switch answer.Presence {
	case snapshot.Unknown:
		if answer.Failure.Reason != snapshot.NotServed {
			r.Result.Unknown = append(r.Result.Unknown, *answer.Failure)
		}
	case snapshot.Absent:
		if gone, ok := flux.DeletedSince(r.X, ref); ok {
			r.Result.Findings = append(r.Result.Findings, gone)
			break
		}
		resource := "services"
		if ref.Kind == object.GatewayKind.Kind {
			resource = "gateways.networking.istio.io"
		}
		f := brokenRoute(r, ref.Kind+"NotFound", fmt.Sprintf("%s does not exist", ref), path,
			finding.Fix{Text: fmt.Sprintf("Compare %s with the objects that exist, or create %s", path, ref), Command: escape.Command("kubectl get %s -n %s", resource, ref.Namespace)})
		f.Evidence = append(f.Evidence, engine.Absent(ref))
		if near, ok := r.X.Nearest(ref); ok {
			f.Message += fmt.Sprintf("; did you mean %s?", near.Name)
			suggest(r, &f, path, strings.Replace(name, ref.Name, near.Name, 1), name)
		}
		r.Result.Findings = append(r.Result.Findings, f)
	}
	return answer.Object
}

// destination checks where a rule sends requests. Istio resolves a host without dots to a
// Service in the namespace of the VirtualService (istio 1.24, pilot/pkg/model,
// ResolveShortnameToFQDN); hosts other than Services are outside of the cluster.
func destination(r traffic.Route, to traffic.RouteDestination) {
	host := to.Host()
	if InServiceEntry(r, host) {
		return
	}
	name, namespace, ok := traffic.ServiceHost(host, r.Obj.GetNamespace())
	if !ok {
		shortHost(r, to)
		return
	}
	ref := engine.CoreRef(object.ServiceKind.Kind, namespace, name)
	service := lookUp(r, ref, to.Path()+".host", host)
	if service == nil || !portExists(r, to, service) {
		return
	}
	subset(r, to, service)
	r.Result.Blame = engine.AddRef(r.Result.Blame, ref)
}

// shortHost reports "name.namespace", which Istio resolves outside of the cluster, if
// such a Service exists.
func shortHost(r traffic.Route, to traffic.RouteDestination) {
	name, namespace, found := strings.Cut(to.Host(), ".")
	if !found || strings.Contains(namespace, ".") || name == "*" {
		return
	}
	ref := engine.CoreRef(object.ServiceKind.Kind, namespace, name)
	service := r.X.Snap.Lookup(ref).Object
	if service == nil {
		return
	}
	full := to.Host() + ".svc.cluster.local"
	f := brokenRoute(r, "HostNotResolved", fmt.Sprintf("Istio does not resolve %s to %s", to.Host(), ref), to.Path()+".host",
		finding.Fix{Text: fmt.Sprintf("In %s.host, write %s", to.Path(), full), Command: flux.ApplyCommand(r.X, r.Obj)})
	engine.Prove(&f, service, "metadata.namespace")
	r.Result.Findings = append(r.Result.Findings, f)
}

// portExists reports a port that the Service does not have. If a port is omitted and
// there are several, it is the port of the gateway's server (istio 1.24,
// pilot/pkg/networking/core/route, GetDestinationCluster).
func portExists(r traffic.Route, to traffic.RouteDestination, service *unstructured.Unstructured) bool {
	ref, ports := object.RefOf(service), object.List(service.Object, "spec", "ports")
	number := to.Port(service)
	offers := func(number int64) bool {
		return slices.ContainsFunc(ports, func(p map[string]any) bool { return object.Int(p, "port") == number })
	}
	path := to.Path() + ".port.number"
	look := finding.Fix{Text: fmt.Sprintf("Use a port of %s in %s", ref, path), Command: escape.Command("kubectl get service %s -n %s", ref.Name, ref.Namespace)}
	var f finding.Finding
	switch {
	case number == 0:
		if len(ports) == 0 || !onlyServers(r, func(s traffic.GatewayServer) bool { return !offers(s.Number()) }) {
			return true
		}
		f = brokenRoute(r, "PortNotSet", fmt.Sprintf("%s has no port, but %s has several", to.Path(), ref), to.Path(), look)
	case offers(number):
		return true
	default:
		f = brokenRoute(r, "PortNotFound", fmt.Sprintf("%s has no port %d", ref, number), path, look)
		if meant, ok := meantPort(r, to, number, ports); ok {
			suggest(r, &f, path, fmt.Sprint(meant), fmt.Sprint(number))
		}
	}
	engine.Prove(&f, service, "spec.ports")
	r.Result.Findings = append(r.Result.Findings, f)
	return false
}

// meantPort is the port of a Service that was meant by a wrong number: the only one, the
// one with the same digits in another order or one digit wrong, the number of the pods'
// port, or the only one that fits the rule's protocol.
func meantPort(r traffic.Route, to traffic.RouteDestination, wrong int64, ports []map[string]any) (int64, bool) {
	fits := []func(map[string]any) bool{
		func(p map[string]any) bool { return object.Int(p, "targetPort") == wrong },
		func(p map[string]any) bool {
			return engine.SameLetters(fmt.Sprint(object.Int(p, "port")), fmt.Sprint(wrong))
		},
		func(p map[string]any) bool {
			return similar.Distance(fmt.Sprint(object.Int(p, "port")), fmt.Sprint(wrong)) == 1
		},
		func(p map[string]any) bool { return strings.HasPrefix(object.Text(p, "name"), to.Rule.Protocol) },
		func(map[string]any) bool { return true },
	}
	for _, fit := range fits {
		found := slices.DeleteFunc(slices.Clone(ports), func(p map[string]any) bool { return !fit(p) })
		if len(found) == 1 {
			return object.Int(found[0], "port"), true
		}
	}
	return 0, false
}

// InServiceEntry reports whether a ServiceEntry adds the host to the mesh.
func InServiceEntry(r traffic.Route, host string) bool {
	return slices.ContainsFunc(r.X.Snap.List(object.ServiceEntryKind, "").Objects, func(entry *unstructured.Unstructured) bool {
		return slices.Contains(object.Texts(entry.Object, "spec", "hosts"), host)
	})
}
