// Package istio explains Gateways, VirtualServices and DestinationRules of Istio that
// can't serve requests.
package istio

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/traffic"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// ExplainGateway checks what an Istio Gateway needs and no controller reports: pods that
// its selector matches, ports that clients can reach, hosts that no other Gateway claims,
// and certificates. Istio writes no status on it, so kstatus, and with it Flux, considers
// each Gateway ready.
func ExplainGateway(x *engine.Context, obj *unstructured.Unstructured, _ bool) engine.Result {
	e := engine.Result{Verdict: x.Health.Of(object.RefOf(obj))}
	if obj.GetDeletionTimestamp() != nil {
		return e
	}
	g := traffic.Gateway{X: x, Obj: obj, Result: &e}
	gatewayPods(g)
	checkService(g)
	for i, server := range object.List(obj.Object, "spec", "servers") {
		s := traffic.GatewayServer{Index: i, Spec: server}
		port(g, s)
		credentials(g, s)
		g.Claims(s)
		mismatches(g, s)
		serverName(g, s)
	}
	e.JudgeByFindings()
	return e
}

// gatewayPods blames workloads that are not ready, or reports that there are none.
func gatewayPods(g traffic.Gateway) {
	if len(engine.SelectorOf(g.Obj)) == 0 {
		return // every proxy of the mesh serves it
	}
	serving := g.Serving()
	if len(serving) == 0 {
		unserved(g)
		return
	}
	if idle, ok := traffic.ScaledDown(g.X, serving); ok {
		g.Result.Findings = append(g.Result.Findings, idle)
		return
	}
	for _, workload := range serving {
		if ref := object.RefOf(workload); flux.KnownNotReady(g.X, ref) {
			g.Result.Blame = append(g.Result.Blame, ref)
		}
	}
	otherTenants(g, serving)
}

// unserved reports a Gateway whose selector matches no pods, unless pods may be hidden or
// the release that installs them is not ready.
func unserved(g traffic.Gateway) {
	if unseen := g.X.UnreadSelectable(""); len(unseen) > 0 {
		g.Result.Unknown = append(g.Result.Unknown, unseen...)
		return
	}
	if release, ok := flux.ReleaseByChart(g.X, g.Obj.GetNamespace(), "gateway", "ingress"); ok && flux.KnownNotReady(g.X, release) {
		g.Result.Blame = append(g.Result.Blame, release)
		return
	}
	ref, selector := object.RefOf(g.Obj), engine.SelectorOf(g.Obj)
	f := finding.Finding{
		Code: engine.CodeGatewayUnselected, Ref: ref, Reason: "SelectorNotFound", Severity: finding.Critical,
		Message: fmt.Sprintf("%s has no gateway pods: no pod matches its selector %s", ref, engine.WriteLabels(selector)),
	}
	engine.Prove(&f, g.Obj, "spec.selector")
	f.Fixes = traffic.SelectorFixes(g.X, &f, g.Obj, "")
	g.Result.Findings = append(g.Result.Findings, f)
}

// otherTenants reports a tenant's Gateway whose selector matches only pods of other
// tenants, although the tenant has its own ingress.
func otherTenants(g traffic.Gateway, serving []*unstructured.Unstructured) {
	own := g.X.TenantOf(g.Obj.GetNamespace())
	ingress := traffic.Balanced(g.X, g.Obj.GetNamespace())
	if own == "" || len(ingress) == 0 {
		return
	}
	for _, workload := range serving {
		if other := g.X.TenantOf(workload.GetNamespace()); other == "" || other == own {
			return
		}
	}
	ref, theirs := object.RefOf(g.Obj), object.RefOf(serving[0])
	f := finding.Finding{
		Code: engine.CodeGatewayOtherTenant, Ref: ref, Reason: "SelectorMatchesOtherTenant", Severity: finding.Critical,
		Message: fmt.Sprintf("%s selects the pods of %s, and no pods of its own tenant's %s", ref, theirs, object.RefOf(ingress[0])),
	}
	engine.Prove(&f, g.Obj, "spec.selector")
	engine.Prove(&f, ingress[0], engine.LabelsPath(ingress[0]))
	f.Fixes = []finding.Fix{{Text: "In spec.selector, use the labels of the pods of " + object.RefOf(ingress[0]).String(),
		Command: flux.ApplyCommand(g.X, g.Obj), File: flux.File(g.X, g.Obj, "spec.selector")}}
	g.Result.Findings = append(g.Result.Findings, f)
}
