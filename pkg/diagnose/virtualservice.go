package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

func init() { register(explainVirtualService, health.VirtualServiceKind) }

// explainVirtualService looks at both ends of an Istio route: the Gateways that
// it comes in by, and the Services that it leads to.
func explainVirtualService(x *examiner, obj *unstructured.Unstructured, _ bool) exam {
	e := exam{verdict: x.health.Of(finding.RefOf(obj))}
	if obj.GetDeletionTimestamp() != nil {
		return e
	}
	r := route{x, obj, &e}
	for _, name := range field.Texts(obj.Object, "spec", "gateways") {
		r.gateway(name)
	}
	for _, protocol := range []string{"http", "tls", "tcp"} {
		for _, rule := range field.List(obj.Object, "spec", protocol) {
			for _, to := range field.List(rule, "route") {
				r.destination("spec."+protocol, field.Map(to, "destination"))
			}
		}
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

func (r route) broken(reason, why, path, value string) finding.Finding {
	ref := finding.RefOf(r.obj)
	return finding.Finding{
		Code: codeRouteBroken, Ref: ref, Reason: reason, Severity: finding.Critical,
		Message:  fmt.Sprintf("%s leads nowhere: %s", ref, why),
		Evidence: []finding.Evidence{evidence(r.obj, path, value, time.Time{})},
		Fixes:    []finding.Fix{{Text: "Correct " + path, Command: r.x.applyNow(r.obj), File: r.x.file(r.obj, path)}},
	}
}

// gateway checks one entry of spec.gateways: "name", "namespace/name", or
// "mesh", which is the sidecars.
func (r route) gateway(name string) {
	namespace, short, found := cutNamespace(name)
	if !found {
		namespace = r.obj.GetNamespace()
	}
	if name == "mesh" || strings.Contains(short, ".") { // the old form, as a host name
		return
	}
	ref := finding.Ref{APIVersion: r.obj.GetAPIVersion(), Kind: health.GatewayKind.Kind, Namespace: namespace, Name: short}
	r.need(ref, "spec.gateways", name)
}

// need reports that an object is not there, and tells whether it is.
func (r route) need(ref finding.Ref, path, name string) *unstructured.Unstructured {
	answer := r.x.snap.Lookup(ref)
	switch answer.Presence {
	case snapshot.Unknown:
		if answer.Why.Why != snapshot.NotServed {
			r.exam.unknown = append(r.exam.unknown, *answer.Why)
		}
	case snapshot.Absent:
		f := r.broken(ref.Kind+"NotFound", fmt.Sprintf("%s does not exist", ref), path, name)
		f.Evidence = append(f.Evidence, finding.Evidence{Ref: ref, Field: "object", Value: "does not exist"})
		if near, ok := r.x.nearest(ref); ok {
			f.Message += fmt.Sprintf("; did you mean %s?", near.Name)
		}
		r.exam.findings = append(r.exam.findings, f)
	}
	return answer.Object
}

// destination checks where a route leads. Istio takes a host without dots for a
// Service beside the VirtualService (pilot/pkg/model, ResolveShortnameToFQDN);
// other hosts than Services are not of the cluster.
func (r route) destination(path string, to map[string]any) {
	host := field.Text(to, "host")
	name, namespace, ok := serviceHost(host, r.obj.GetNamespace())
	if !ok || r.entered(host) {
		return
	}
	ref := coreRef(health.ServiceKind.Kind, namespace, name)
	path += ".route.destination"
	service := r.need(ref, path+".host", host)
	if service == nil {
		return
	}
	port := field.Int(to, "port", "number")
	ports := field.List(service.Object, "spec", "ports")
	offers := slices.ContainsFunc(ports, func(p map[string]any) bool { return field.Int(p, "port") == port })
	if port != 0 && !offers {
		f := r.broken("PortNotFound", fmt.Sprintf("%s has no port %d", ref, port), path+".port.number", fmt.Sprint(port))
		f.Evidence = append(f.Evidence, evidence(service, "spec.ports", portsOf(ports), time.Time{}))
		r.exam.findings = append(r.exam.findings, f)
		return
	}
	r.exam.blame = addRef(r.exam.blame, ref)
}

// serviceHost reads "name", "name.namespace.svc" and the same with the cluster's
// domain.
func serviceHost(host, home string) (name, namespace string, ok bool) {
	parts := strings.Split(host, ".")
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

func portsOf(ports []map[string]any) string {
	var numbers []string
	for _, port := range ports {
		numbers = append(numbers, fmt.Sprint(field.Int(port, "port")))
	}
	return strings.Join(numbers, ", ")
}
