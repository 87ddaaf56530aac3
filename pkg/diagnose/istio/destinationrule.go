package istio

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/traffic"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// ExplainDestinationRule reports a rule that disables mutual TLS for pods that require
// it.
func ExplainDestinationRule(x *engine.Context, obj *unstructured.Unstructured, _ bool) engine.Result {
	ref := object.RefOf(obj)
	e := engine.Result{Verdict: health.Verdict{Ref: ref, Status: health.Ready, Since: obj.GetCreationTimestamp().Time}}
	mode := object.Text(obj.Object, "spec", "trafficPolicy", "tls", "mode")
	name, namespace, ok := traffic.ServiceHost(object.Text(obj.Object, "spec", "host"), obj.GetNamespace())
	if obj.GetDeletionTimestamp() != nil || !ok || mode != "DISABLE" && mode != "SIMPLE" {
		return e
	}
	service := x.Snap.Lookup(engine.CoreRef(object.ServiceKind.Kind, namespace, name)).Object
	if service == nil {
		return e
	}
	for _, workload := range x.Selected(engine.SelectorOf(service), namespace) {
		strict, ok := traffic.StrictPeerAuthentication(x, workload)
		if !ok {
			continue
		}
		f := finding.Finding{
			Code: engine.CodePlaintext, Ref: ref, Reason: "PlaintextToStrict", Severity: finding.Critical,
			Message: fmt.Sprintf("%s disables mutual TLS for %s, but %s requires it for %s",
				ref, object.RefOf(service), object.RefOf(strict), object.RefOf(workload)),
		}
		engine.Prove(&f, obj, "spec.trafficPolicy.tls.mode", "spec.host")
		engine.Prove(&f, strict, "spec.mtls.mode")
		f.Fixes = []finding.Fix{{Text: "In spec.trafficPolicy.tls.mode, write ISTIO_MUTUAL, or remove the setting",
			Command: flux.ApplyCommand(x, obj), File: flux.File(x, obj, "spec.trafficPolicy.tls.mode")}}
		e.Findings = append(e.Findings, f)
		e.JudgeByFindings()
		return e
	}
	return e
}

// rulesFor are the DestinationRules that can apply to a Service for clients in a
// namespace: those of the clients' namespace, of the Service's and of the mesh (istio
// 1.24, pilot/pkg/model/push_context.go, destinationRule). A host without dots is a
// Service in the rule's namespace.
func rulesFor(x *engine.Context, service *unstructured.Unstructured, namespaces ...string) []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	seen := map[string]bool{}
	for _, namespace := range append(namespaces, service.GetNamespace(), traffic.MeshNamespace) {
		if seen[namespace] {
			continue
		}
		seen[namespace] = true
		for _, rule := range x.Snap.List(object.DestinationRuleKind, namespace).Objects {
			name, where, ok := traffic.ServiceHost(object.Text(rule.Object, "spec", "host"), rule.GetNamespace())
			if ok && name == service.GetName() && where == service.GetNamespace() {
				found = append(found, rule)
			}
		}
	}
	return found
}

// subset checks the subset of a destination: a DestinationRule must define it, with
// labels that pods have.
func subset(r traffic.Route, to traffic.RouteDestination, service *unstructured.Unstructured) {
	name := object.Text(to.Spec, "subset")
	if name == "" {
		return
	}
	if unread := r.X.Unreadable(object.DestinationRuleKind, service.GetNamespace()); len(unread) > 0 {
		r.Result.Unknown = append(r.Result.Unknown, unread...)
		return
	}
	ref := object.RefOf(service)
	for _, rule := range rulesFor(r.X, service, r.Obj.GetNamespace()) {
		for i, subset := range object.List(rule.Object, "spec", "subsets") {
			if object.Text(subset, "name") == name {
				subsetPods(r, rule, i, service)
				return
			}
		}
	}
	path := to.Path() + ".subset"
	f := brokenRoute(r, "SubsetNotFound", fmt.Sprintf("no DestinationRule defines subset %s of %s", name, ref), path,
		finding.Fix{Text: "Compare the subset with those of the DestinationRules", Command: escape.Command("kubectl get destinationrules -n %s -o yaml", ref.Namespace)})
	for _, rule := range rulesFor(r.X, service, r.Obj.GetNamespace()) {
		for i, subset := range object.List(rule.Object, "spec", "subsets") {
			engine.Prove(&f, rule, fmt.Sprintf("spec.subsets[%d].name", i))
			if other := object.Text(subset, "name"); engine.MisspellingDistance(name, other) > 0 {
				suggest(r, &f, path, other, name)
			}
		}
	}
	r.Result.Findings = append(r.Result.Findings, f)
}

// subsetPods reports a subset whose labels none of the Service's pods has.
func subsetPods(r traffic.Route, rule *unstructured.Unstructured, i int, service *unstructured.Unstructured) {
	behind := r.X.Selected(engine.SelectorOf(service), service.GetNamespace())
	labels, _, err := unstructured.NestedStringMap(object.List(rule.Object, "spec", "subsets")[i], "labels")
	if err != nil || len(labels) == 0 || len(behind) == 0 || len(r.X.UnreadSelectable(service.GetNamespace())) > 0 {
		return
	}
	for _, workload := range behind {
		if engine.Matches(labels, engine.PodLabels(workload)) {
			return
		}
	}
	ref, path := object.RefOf(rule), fmt.Sprintf("spec.subsets[%d].labels", i)
	f := finding.Finding{
		Code: engine.CodeSubset, Ref: ref, Reason: "SubsetWithoutPods", Severity: finding.Critical,
		Message: fmt.Sprintf("%s selects no pods with subset %s: no pod of %s has the labels %s",
			ref, object.Text(object.List(rule.Object, "spec", "subsets")[i], "name"), object.RefOf(service), engine.WriteLabels(labels)),
	}
	engine.Prove(&f, rule, path)
	engine.Prove(&f, behind[0], engine.LabelsPath(behind[0]))
	f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Compare %s with the labels of the pods", path),
		Command: escape.Command("kubectl get pods -n %s --show-labels", service.GetNamespace()), File: flux.File(r.X, rule, path)}}
	if near, ok := engine.NearestLabels(labels, behind); ok {
		f.Fixes = append([]finding.Fix{{Text: fmt.Sprintf("In %s, write %s: %s instead of %s: %s", path, near.PodKey, near.PodValue, near.Key, near.Value),
			Command: flux.ApplyCommand(r.X, rule), File: flux.File(r.X, rule, path)}}, f.Fixes...)
	}
	r.Result.Findings = append(r.Result.Findings, f)
}
