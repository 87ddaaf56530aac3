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
)

// explainGateway looks at what an Istio Gateway needs and no controller reports:
// pods that its selector matches, ports that clients can reach, hosts that no
// other Gateway claims, and certificates. Istio writes no status on it, so that
// kstatus, and with it Flux, calls each one ready.
func explainGateway(x *examiner, obj *unstructured.Unstructured, _ bool) exam {
	e := exam{verdict: x.health.Of(finding.RefOf(obj))}
	if obj.GetDeletionTimestamp() != nil {
		return e
	}
	g := gateway{x, obj, &e}
	g.pods()
	g.front()
	for i, server := range field.List(obj.Object, "spec", "servers") {
		s := gatewayServer{index: i, spec: server}
		g.port(s)
		g.credentials(s)
		g.claims(s)
		g.mismatches(s)
		g.serverName(s)
	}
	e.judge()
	return e
}

// judge makes what was found out the verdict, for kinds that have no status. A
// warning leaves the object ready.
func (e *exam) judge() {
	for _, f := range e.findings {
		if f.Severity == finding.Critical {
			e.verdict.Status, e.verdict.Reason, e.verdict.Message, e.verdict.Since = health.Failing, health.Reason(f.Reason), f.Message, f.Since
			return
		}
	}
}

// gateway is one Gateway under examination.
type gateway struct {
	x    *examiner
	obj  *unstructured.Unstructured
	exam *exam
}

// gatewayServer is one entry of a Gateway's spec.servers.
type gatewayServer struct {
	index int
	spec  map[string]any
}

// path is where a field of the server stands in the Gateway.
func (s gatewayServer) path(below string) string {
	return fmt.Sprintf("spec.servers[%d].%s", s.index, below)
}

func (s gatewayServer) hosts() []string { return field.Texts(s.spec, "hosts") }
func (s gatewayServer) number() int64   { return field.Int(s.spec, "port", "number") }
func (s gatewayServer) mode() string    { return field.Text(s.spec, "tls", "mode") }
func (s gatewayServer) hasTLS() bool    { return field.Map(s.spec, "tls") != nil }
func (s gatewayServer) protocol() string {
	return strings.ToUpper(field.Text(s.spec, "port", "protocol"))
}

// String is where the server listens: "web.bhs.orthweb.com:443".
func (s gatewayServer) String() string {
	return fmt.Sprintf("%s:%d", strings.Join(s.hosts(), ","), s.number())
}

// serving are the workloads whose pods serve the Gateway. Istio goes by labels
// across all namespaces; where a tenant has an ingress of its own, that of
// another tenant with the same labels is not meant.
func (g gateway) serving() []*unstructured.Unstructured {
	selector := selectorOf(g.obj)
	if own := g.x.selected(selector, g.obj.GetNamespace()); len(own) > 0 {
		return own
	}
	return g.x.selected(selector, "")
}

// pods blames workloads that are not ready, or reports that there are none.
func (g gateway) pods() {
	if len(selectorOf(g.obj)) == 0 {
		return // every proxy of the mesh serves it
	}
	serving := g.serving()
	if len(serving) == 0 {
		g.unserved()
		return
	}
	if idle, ok := g.x.scaledDown(serving); ok {
		g.exam.findings = append(g.exam.findings, idle)
		return
	}
	for _, workload := range serving {
		if ref := finding.RefOf(workload); g.x.knownNotReady(ref) {
			g.exam.blame = append(g.exam.blame, ref)
		}
	}
	g.otherTenants(serving)
}

// unserved reports a Gateway whose selector matches no pods, unless something
// may be hidden or the release that installs the pods is not ready.
func (g gateway) unserved() {
	if unseen := g.x.unseen(""); len(unseen) > 0 {
		g.exam.unknown = append(g.exam.unknown, unseen...)
		return
	}
	if release, ok := g.x.releaseByChart(g.obj.GetNamespace(), "gateway", "ingress"); ok && g.x.knownNotReady(release) {
		g.exam.blame = append(g.exam.blame, release)
		return
	}
	ref, selector := finding.RefOf(g.obj), selectorOf(g.obj)
	f := finding.Finding{
		Code: codeGatewayUnselected, Ref: ref, Reason: "SelectorNotFound", Severity: finding.Critical,
		Message: fmt.Sprintf("%s has no gateway pods: no pod matches its selector %s", ref, writeLabels(selector)),
	}
	prove(&f, g.obj, "spec.selector")
	f.Fixes = g.x.selectorFixes(&f, g.obj, "")
	g.exam.findings = append(g.exam.findings, f)
}

// selectorFixes are what to do about a selector of an object that matches no
// pods: the label that was meant, where one pod's is nearly the same, and else
// where to look. With a namespace, only pods in it can be meant.
func (x *examiner) selectorFixes(f *finding.Finding, obj *unstructured.Unstructured, namespace string) []finding.Fix {
	command := "kubectl get pods -A --show-labels"
	if namespace != "" {
		command = escape.Command("kubectl get pods -n %s --show-labels", namespace)
	}
	look := finding.Fix{Text: "Compare spec.selector with the labels of the pods", Command: command}
	near, ok := nearestLabels(selectorOf(obj), x.workloads(obj.GetNamespace()))
	if !ok && namespace == "" {
		near, ok = nearestLabels(selectorOf(obj), x.workloads(""))
	}
	if peer := x.peer(finding.RefOf(obj)); !ok && peer != nil {
		return append(x.peerSelector(f, obj, peer), look)
	}
	if !ok {
		return []finding.Fix{look}
	}
	f.Message += fmt.Sprintf("; the pods of %s have %s=%s", finding.RefOf(near.workload), near.podKey, near.podValue)
	prove(f, near.workload, near.path())
	return []finding.Fix{{
		Text:    fmt.Sprintf("In spec.selector, write %s: %s instead of %s: %s", near.podKey, near.podValue, near.key, near.value),
		Command: x.applyNow(obj), File: x.file(obj, "spec.selector"),
	}, look}
}

// peerSelector offers the selector of another tenant's same object, where it
// matches pods beside this one.
func (x *examiner) peerSelector(f *finding.Finding, obj, peer *unstructured.Unstructured) []finding.Fix {
	selector := selectorOf(peer)
	own := x.selected(selector, obj.GetNamespace())
	if len(own) == 0 {
		return nil
	}
	f.Message += fmt.Sprintf("; the pods of %s have %s", finding.RefOf(own[0]), writeLabels(selector))
	prove(f, peer, "spec.selector")
	prove(f, own[0], labelsPath(own[0]))
	return []finding.Fix{{
		Text:    fmt.Sprintf("In spec.selector, write %s, as in %s", writeLabels(selector), finding.RefOf(peer)),
		Command: x.applyNow(obj), File: x.file(obj, "spec.selector"),
	}}
}

// workloads are all that a selector can match in a namespace, or everywhere.
func (x *examiner) workloads(namespace string) []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	for _, kind := range selectable {
		found = append(found, x.snap.List(kind, namespace).Objects...)
	}
	return found
}

// otherTenants reports a tenant's Gateway whose selector matches pods of other
// tenants alone, while the tenant has an ingress of its own.
func (g gateway) otherTenants(serving []*unstructured.Unstructured) {
	own := g.x.tenantOf(g.obj.GetNamespace())
	ingress := g.x.balanced(g.obj.GetNamespace())
	if own == "" || len(ingress) == 0 {
		return
	}
	for _, workload := range serving {
		if other := g.x.tenantOf(workload.GetNamespace()); other == "" || other == own {
			return
		}
	}
	ref, theirs := finding.RefOf(g.obj), finding.RefOf(serving[0])
	f := finding.Finding{
		Code: codeGatewayOtherTenant, Ref: ref, Reason: "SelectorMatchesOtherTenant", Severity: finding.Critical,
		Message: fmt.Sprintf("%s selects the pods of %s, and no pods of its own tenant's %s", ref, theirs, finding.RefOf(ingress[0])),
	}
	prove(&f, g.obj, "spec.selector")
	prove(&f, ingress[0], labelsPath(ingress[0]))
	f.Fixes = []finding.Fix{{Text: "In spec.selector, use the labels of the pods of " + finding.RefOf(ingress[0]).String(),
		Command: g.x.applyNow(g.obj), File: g.x.file(g.obj, "spec.selector")}}
	g.exam.findings = append(g.exam.findings, f)
}

// balanced are the workloads of a namespace that a load balancer leads to.
func (x *examiner) balanced(namespace string) []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	for _, service := range x.snap.List(health.ServiceKind, namespace).Objects {
		if field.Text(service.Object, "spec", "type") != "LoadBalancer" {
			continue
		}
		for _, workload := range x.selected(selectorOf(service), namespace) {
			if !slices.Contains(found, workload) {
				found = append(found, workload)
			}
		}
	}
	return found
}

// namespaces are where Istio reads the Gateway's certificates: beside the pods
// that serve it (istio.io, Gateway, ServerTLSSettings.credentialName).
func (g gateway) namespaces() []string {
	var found []string
	for _, workload := range g.serving() {
		found = append(found, workload.GetNamespace())
	}
	if len(found) == 0 {
		found = append(found, g.obj.GetNamespace())
	}
	slices.Sort(found)
	return slices.Compact(found)
}
