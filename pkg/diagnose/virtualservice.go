package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// explainVirtualService looks at both ends of an Istio route: the Gateways by
// which requests come in, and the Services that they are sent to.
func explainVirtualService(x *examiner, obj *unstructured.Unstructured, _ bool) exam {
	e := exam{verdict: x.health.Of(finding.RefOf(obj))}
	if obj.GetDeletionTimestamp() != nil {
		return e
	}
	r := route{x, obj, &e}
	r.entries()
	for _, rule := range r.rules() {
		for _, to := range rule.destinations() {
			r.destination(to)
		}
	}
	if len(r.gateways()) > 0 {
		e.unknown = append(e.unknown, x.unreadPolicies(obj.GetNamespace())...)
	}
	e.judge()
	return e
}

// route is one VirtualService under examination.
type route struct {
	x    *examiner
	obj  *unstructured.Unstructured
	exam *exam
}

// routeRule is an entry of spec.http, spec.tls or spec.tcp.
type routeRule struct {
	protocol string
	index    int
	spec     map[string]any
}

func (r route) rules() []routeRule {
	var found []routeRule
	for _, protocol := range []string{"http", "tls", "tcp"} {
		for i, spec := range field.List(r.obj.Object, "spec", protocol) {
			found = append(found, routeRule{protocol, i, spec})
		}
	}
	return found
}

func (r routeRule) path() string { return fmt.Sprintf("spec.%s[%d]", r.protocol, r.index) }

// routeDestination is where one entry of a rule's route sends requests.
type routeDestination struct {
	rule  routeRule
	index int
	spec  map[string]any
}

func (r routeRule) destinations() []routeDestination {
	var found []routeDestination
	for i, to := range field.List(r.spec, "route") {
		found = append(found, routeDestination{r, i, field.Map(to, "destination")})
	}
	return found
}

func (d routeDestination) path() string {
	return fmt.Sprintf("%s.route[%d].destination", d.rule.path(), d.index)
}

func (d routeDestination) host() string { return field.Text(d.spec, "host") }

// port is the Service's port that requests go to. It may be left out where there
// is one only.
func (d routeDestination) port(service *unstructured.Unstructured) int64 {
	ports := field.List(service.Object, "spec", "ports")
	if number := field.Int(d.spec, "port", "number"); number != 0 || len(ports) != 1 {
		return number
	}
	return field.Int(ports[0], "port")
}

// broken is a finding on a route that does not work. The fix is what to compare,
// until it is known what was meant.
func (r route) broken(reason, why, path string, look finding.Fix) finding.Finding {
	ref := finding.RefOf(r.obj)
	f := finding.Finding{
		Code: codeRouteBroken, Ref: ref, Reason: reason, Severity: finding.Critical,
		Message: fmt.Sprintf("%s does not work: %s", ref, why),
	}
	prove(&f, r.obj, path)
	look.File = r.x.file(r.obj, path)
	f.Fixes = []finding.Fix{look}
	return f
}

// instead offers what to write at a path in place of what is there.
func (r route) instead(f *finding.Finding, path, right, wrong string) {
	f.Fixes = append([]finding.Fix{{
		Text:    fmt.Sprintf("In %s, write %s instead of %s", path, right, wrong),
		Command: r.x.applyNow(r.obj), File: r.x.file(r.obj, path),
	}}, f.Fixes...)
}

// need reports that an object is not there, and gives it where it is.
func (r route) need(ref finding.Ref, path, name string) *unstructured.Unstructured {
	answer := r.x.snap.Lookup(ref)
	switch answer.Presence {
	case snapshot.Unknown:
		if answer.Why.Why != snapshot.NotServed {
			r.exam.unknown = append(r.exam.unknown, *answer.Why)
		}
	case snapshot.Absent:
		if gone, ok := r.x.deletedSince(ref); ok {
			r.exam.findings = append(r.exam.findings, gone)
			break
		}
		resource := "services"
		if ref.Kind == health.GatewayKind.Kind {
			resource = "gateways.networking.istio.io"
		}
		f := r.broken(ref.Kind+"NotFound", fmt.Sprintf("%s does not exist", ref), path,
			finding.Fix{Text: fmt.Sprintf("Compare %s with the objects that exist, or create %s", path, ref), Command: escape.Command("kubectl get %s -n %s", resource, ref.Namespace)})
		f.Evidence = append(f.Evidence, absent(ref))
		if near, ok := r.x.nearest(ref); ok {
			f.Message += fmt.Sprintf("; did you mean %s?", near.Name)
			r.instead(&f, path, strings.Replace(name, ref.Name, near.Name, 1), name)
		}
		r.exam.findings = append(r.exam.findings, f)
	}
	return answer.Object
}

// destination checks where a rule sends requests. Istio takes a host without dots
// for a Service beside the VirtualService (istio 1.24, pilot/pkg/model,
// ResolveShortnameToFQDN); other hosts than Services are not of the cluster.
func (r route) destination(to routeDestination) {
	host := to.host()
	if r.entered(host) {
		return
	}
	name, namespace, ok := serviceHost(host, r.obj.GetNamespace())
	if !ok {
		r.shortHost(to)
		return
	}
	ref := coreRef(health.ServiceKind.Kind, namespace, name)
	service := r.need(ref, to.path()+".host", host)
	if service == nil || !r.portExists(to, service) {
		return
	}
	r.subset(to, service)
	r.exam.blame = addRef(r.exam.blame, ref)
}

// shortHost reports "name.namespace", which Istio takes for a host outside of the
// cluster, where there is such a Service.
func (r route) shortHost(to routeDestination) {
	name, namespace, found := strings.Cut(to.host(), ".")
	if !found || strings.Contains(namespace, ".") || name == "*" {
		return
	}
	ref := coreRef(health.ServiceKind.Kind, namespace, name)
	service := r.x.snap.Lookup(ref).Object
	if service == nil {
		return
	}
	full := to.host() + ".svc.cluster.local"
	f := r.broken("HostNotResolved", fmt.Sprintf("Istio does not resolve %s to %s", to.host(), ref), to.path()+".host",
		finding.Fix{Text: fmt.Sprintf("In %s.host, write %s", to.path(), full), Command: r.x.applyNow(r.obj)})
	prove(&f, service, "metadata.namespace")
	r.exam.findings = append(r.exam.findings, f)
}

// portExists reports a port that the Service does not have. A port that is left
// out where there are several is the port of the gateway's server (istio 1.24,
// pilot/pkg/networking/core/route, GetDestinationCluster).
func (r route) portExists(to routeDestination, service *unstructured.Unstructured) bool {
	ref, ports := finding.RefOf(service), field.List(service.Object, "spec", "ports")
	number := to.port(service)
	offers := func(number int64) bool {
		return slices.ContainsFunc(ports, func(p map[string]any) bool { return field.Int(p, "port") == number })
	}
	path := to.path() + ".port.number"
	look := finding.Fix{Text: fmt.Sprintf("Use a port of %s in %s", ref, path), Command: escape.Command("kubectl get service %s -n %s", ref.Name, ref.Namespace)}
	var f finding.Finding
	switch {
	case number == 0:
		if len(ports) == 0 || !r.onlyServers(func(s gatewayServer) bool { return !offers(s.number()) }) {
			return true
		}
		f = r.broken("PortNotSet", fmt.Sprintf("%s has no port, but %s has several", to.path(), ref), to.path(), look)
	case offers(number):
		return true
	default:
		f = r.broken("PortNotFound", fmt.Sprintf("%s has no port %d", ref, number), path, look)
		if meant, ok := r.meantPort(to, number, ports); ok {
			r.instead(&f, path, fmt.Sprint(meant), fmt.Sprint(number))
		}
	}
	prove(&f, service, "spec.ports")
	r.exam.findings = append(r.exam.findings, f)
	return false
}

// meantPort is the port of a Service that a wrong number stands for: the only
// one, the one with the same digits in another order or one digit wrong, the
// number of the pods' port, or the only one that fits the rule's protocol.
func (r route) meantPort(to routeDestination, wrong int64, ports []map[string]any) (int64, bool) {
	fits := []func(map[string]any) bool{
		func(p map[string]any) bool { return field.Int(p, "targetPort") == wrong },
		func(p map[string]any) bool { return sameLetters(fmt.Sprint(field.Int(p, "port")), fmt.Sprint(wrong)) },
		func(p map[string]any) bool {
			return distance(fmt.Sprint(field.Int(p, "port")), fmt.Sprint(wrong)) == 1
		},
		func(p map[string]any) bool { return strings.HasPrefix(field.Text(p, "name"), to.rule.protocol) },
		func(map[string]any) bool { return true },
	}
	for _, fit := range fits {
		found := slices.DeleteFunc(slices.Clone(ports), func(p map[string]any) bool { return !fit(p) })
		if len(found) == 1 {
			return field.Int(found[0], "port"), true
		}
	}
	return 0, false
}

// serviceHost reads "name", "name.namespace.svc" and the same with the cluster's
// domain.
func serviceHost(host, home string) (name, namespace string, ok bool) {
	parts := strings.Split(strings.TrimSuffix(host, "."), ".")
	switch {
	case host == "" || strings.Contains(host, "*"):
		return "", "", false
	case len(parts) == 1:
		return host, home, true
	case len(parts) >= 3 && parts[2] == "svc":
		return parts[0], parts[1], true
	}
	return "", "", false
}

// entered tells whether a ServiceEntry brings the host into the mesh.
func (r route) entered(host string) bool {
	return slices.ContainsFunc(r.x.snap.List(serviceEntryKind, "").Objects, func(entry *unstructured.Unstructured) bool {
		return slices.Contains(field.Texts(entry.Object, "spec", "hosts"), host)
	})
}
