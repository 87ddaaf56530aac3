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
)

func init() { register(explainGateway, health.GatewayKind) }

// explainGateway looks at what an Istio Gateway needs and nothing watches: pods
// that serve it, and the certificates that these are to serve. Istio writes no
// status on it, so that kstatus, and with it Flux, calls each one ready.
func explainGateway(x *examiner, obj *unstructured.Unstructured, _ bool) exam {
	e := exam{verdict: x.health.Of(finding.RefOf(obj))}
	if obj.GetDeletionTimestamp() != nil {
		return e
	}
	g := gateway{x, obj, &e}
	g.pods()
	for _, server := range field.List(obj.Object, "spec", "servers") {
		g.credentials(server)
	}
	e.judge()
	return e
}

// judge makes what was found out the verdict, for kinds that have no status.
func (e *exam) judge() {
	if len(e.findings) == 0 {
		return
	}
	f := e.findings[0]
	e.verdict.Status, e.verdict.Reason, e.verdict.Message, e.verdict.Since = health.Failing, f.Reason, f.Message, f.Since
}

// gateway is one Gateway under examination.
type gateway struct {
	x    *examiner
	obj  *unstructured.Unstructured
	exam *exam
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
	selector := selectorOf(g.obj)
	if len(selector) == 0 {
		return // every proxy of the mesh serves it
	}
	serving := g.serving()
	for _, workload := range serving {
		if ref := finding.RefOf(workload); g.x.unwell(ref) {
			g.exam.blame = append(g.exam.blame, ref)
		}
	}
	if len(serving) > 0 {
		return
	}
	if unseen := g.x.unseen(""); len(unseen) > 0 {
		g.exam.unknown = append(g.exam.unknown, unseen...)
		return
	}
	if release, ok := g.x.bringer(g.obj.GetNamespace(), "gateway", "ingress"); ok && g.x.unwell(release) {
		g.exam.blame = append(g.exam.blame, release)
		return
	}
	labels := writeLabels(selector)
	g.exam.findings = append(g.exam.findings, finding.Finding{
		Code: codeGatewayUnselected, Ref: finding.RefOf(g.obj), Reason: "SelectorNotFound", Severity: finding.Critical,
		Message:  fmt.Sprintf("%s is served by nobody: no pod has the labels %s", finding.RefOf(g.obj), labels),
		Evidence: []finding.Evidence{evidence(g.obj, "spec.selector", labels, time.Time{})},
		Fixes: []finding.Fix{{Text: "Put the labels of the ingress' pods into spec.selector",
			Command: "kubectl get pods -A -l istio --show-labels", File: g.x.file(g.obj, "spec.selector")}},
	})
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

// credentials examines the certificates of one server.
func (g gateway) credentials(server map[string]any) {
	switch field.Text(server, "tls", "mode") {
	case "SIMPLE", "MUTUAL", "OPTIONAL_MUTUAL":
	default:
		return // no certificate of its own is served
	}
	names := field.Texts(server, "tls", "credentialNames")
	if name := field.Text(server, "tls", "credentialName"); name != "" {
		names = append(names, name)
	}
	for _, name := range names {
		if !strings.Contains(name, "://") { // not from a Secret
			g.credential(server, name)
		}
	}
}
