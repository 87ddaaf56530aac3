package diagnose

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

var destinationRuleKind = schema.GroupKind{Group: "networking.istio.io", Kind: "DestinationRule"}

// rulesFor are the DestinationRules that can apply to a Service for clients in a
// namespace: those of the clients' namespace, of the Service's and of the mesh
// (istio 1.24, pilot/pkg/model/push_context.go, destinationRule). A host without
// dots is a Service beside the rule.
func (x *examiner) rulesFor(service *unstructured.Unstructured, namespaces ...string) []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	seen := map[string]bool{}
	for _, namespace := range append(namespaces, service.GetNamespace(), meshNamespace) {
		if seen[namespace] {
			continue
		}
		seen[namespace] = true
		for _, rule := range x.snap.List(destinationRuleKind, namespace).Objects {
			name, where, ok := serviceHost(field.Text(rule.Object, "spec", "host"), rule.GetNamespace())
			if ok && name == service.GetName() && where == service.GetNamespace() {
				found = append(found, rule)
			}
		}
	}
	return found
}

// subset checks the subset that a destination names: a DestinationRule must
// define it, with labels that pods have.
func (r route) subset(to routeDestination, service *unstructured.Unstructured) {
	name := field.Text(to.spec, "subset")
	if name == "" {
		return
	}
	if unread := r.x.unreadable(destinationRuleKind, service.GetNamespace()); len(unread) > 0 {
		r.exam.unknown = append(r.exam.unknown, unread...)
		return
	}
	ref := finding.RefOf(service)
	for _, rule := range r.x.rulesFor(service, r.obj.GetNamespace()) {
		for i, subset := range field.List(rule.Object, "spec", "subsets") {
			if field.Text(subset, "name") == name {
				r.subsetPods(rule, i, service)
				return
			}
		}
	}
	path := to.path() + ".subset"
	f := r.broken("SubsetNotFound", fmt.Sprintf("no DestinationRule defines subset %s of %s", name, ref), path,
		finding.Fix{Text: "Compare the subset with those of the DestinationRules", Command: escape.Command("kubectl get destinationrules -n %s -o yaml", ref.Namespace)})
	for _, rule := range r.x.rulesFor(service, r.obj.GetNamespace()) {
		for i, subset := range field.List(rule.Object, "spec", "subsets") {
			prove(&f, rule, fmt.Sprintf("spec.subsets[%d].name", i))
			if other := field.Text(subset, "name"); misspellingDistance(name, other) > 0 {
				r.instead(&f, path, other, name)
			}
		}
	}
	r.exam.findings = append(r.exam.findings, f)
}

// subsetPods reports a subset whose labels none of the Service's pods has.
func (r route) subsetPods(rule *unstructured.Unstructured, i int, service *unstructured.Unstructured) {
	behind := r.x.selected(selectorOf(service), service.GetNamespace())
	labels, _, err := unstructured.NestedStringMap(field.List(rule.Object, "spec", "subsets")[i], "labels")
	if err != nil || len(labels) == 0 || len(behind) == 0 || len(r.x.unseen(service.GetNamespace())) > 0 {
		return
	}
	for _, workload := range behind {
		if matches(labels, podLabels(workload)) {
			return
		}
	}
	ref, path := finding.RefOf(rule), fmt.Sprintf("spec.subsets[%d].labels", i)
	f := finding.Finding{
		Code: codeSubset, Ref: ref, Reason: "SubsetWithoutPods", Severity: finding.Critical,
		Message: fmt.Sprintf("%s selects no pods with subset %s: no pod of %s has the labels %s",
			ref, field.Text(field.List(rule.Object, "spec", "subsets")[i], "name"), finding.RefOf(service), writeLabels(labels)),
	}
	prove(&f, rule, path)
	prove(&f, behind[0], labelsPath(behind[0]))
	f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Compare %s with the labels of the pods", path),
		Command: escape.Command("kubectl get pods -n %s --show-labels", service.GetNamespace()), File: r.x.file(rule, path)}}
	if near, ok := nearestLabels(labels, behind); ok {
		f.Fixes = append([]finding.Fix{{Text: fmt.Sprintf("In %s, write %s: %s instead of %s: %s", path, near.podKey, near.podValue, near.key, near.value),
			Command: r.x.applyNow(rule), File: r.x.file(rule, path)}}, f.Fixes...)
	}
	r.exam.findings = append(r.exam.findings, f)
}
