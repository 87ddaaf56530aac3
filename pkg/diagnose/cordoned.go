package diagnose

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// budgetKind limits how many pods may be evicted at a time.
var budgetKind = schema.GroupKind{Group: "policy", Kind: "PodDisruptionBudget"}

// cordonedNodes is a pod that only cordoned nodes would have room for. Nodes stay
// so while they are drained, which a budget may block.
func (s podView) cordonedNodes(t *trouble) {
	var cordoned []*unstructured.Unstructured
	for _, node := range s.x.snap.List(nodeKind, "").Objects {
		if field.Bool(node.Object, "spec", "unschedulable") && s.matches(node) && s.volumesFit(node) != no {
			cordoned = append(cordoned, node)
		}
	}
	t.message = fmt.Sprintf("no node is available for %s: nodes are cordoned", s.pods())
	t.fixes = []finding.Fix{{Text: "Check which nodes are cordoned, and uncordon those whose maintenance is over", Command: "kubectl get nodes"}}
	if len(cordoned) == 0 {
		return
	}
	t.code = codeCordoned
	verb := "is"
	if len(cordoned) > 1 {
		verb = "are"
	}
	t.message = fmt.Sprintf("no node is available for %s: %s %s cordoned", s.pods(), namesOf(cordoned), verb)
	var names []string
	for _, node := range cordoned[:min(len(cordoned), maxNamed)] {
		names = append(names, node.GetName())
		t.evidence = append(t.evidence, evidence(node, "spec.unschedulable", "true", time.Time{}))
	}
	t.fixes = []finding.Fix{{Text: "Uncordon the nodes whose maintenance is over, or add a node", Command: "kubectl uncordon " + string(escape.ShellWords(names))}}
	s.x.blockedDrain(cordoned, t)
}

// cordonedHome tells whether a cordoned node is one that the pod's volumes are tied
// to. The scheduler counts it as cordoned, and the others by their conflict.
func (s podView) cordonedHome() bool {
	for _, node := range s.x.snap.List(nodeKind, "").Objects {
		if field.Bool(node.Object, "spec", "unschedulable") && s.matches(node) && s.volumesFit(node) == yes {
			return true
		}
	}
	return false
}

// volumesFit tells whether the node affinity of the pod's volumes includes a node. A
// volume without one, or that could not be read, may fit.
func (s podView) volumesFit(node *unstructured.Unstructured) certainty {
	result := maybe
	for _, name := range claims(s.pod) {
		claim := s.x.snap.Lookup(coreRef(claimKind.Kind, s.pod.GetNamespace(), name)).Object
		volume := s.x.snap.Lookup(coreRef(volumeKind.Kind, "", field.Text(objectOf(claim), "spec", "volumeName"))).Object
		terms := field.List(objectOf(volume), "spec", "nodeAffinity", "required", "nodeSelectorTerms")
		if len(terms) == 0 {
			continue
		}
		fits := anyOf(terms, func(term map[string]any) certainty {
			if len(field.List(term, "matchFields")) > 0 || len(field.List(term, "matchExpressions")) == 0 {
				return maybe
			}
			return labelsMatch(map[string]any{"matchExpressions": term["matchExpressions"]}, node.GetLabels())
		})
		if fits == no {
			return no
		}
		result = max(result, fits)
	}
	return result
}

// blockedDrain is a budget that lets none of its pods be evicted from a cordoned
// node, so that the node's drain does not end.
func (x *examiner) blockedDrain(cordoned []*unstructured.Unstructured, t *trouble) {
	onNode := map[string]bool{}
	for _, node := range cordoned {
		onNode[node.GetName()] = true
	}
	pods := x.snap.Everywhere(health.PodKind).Objects
	for _, budget := range x.snap.List(budgetKind, "").Objects {
		allowed, ok := field.Quote(budget.Object, "status.disruptionsAllowed")
		if !ok || allowed != "0" {
			continue
		}
		selector, _, _ := unstructured.NestedStringMap(budget.Object, "spec", "selector", "matchLabels")
		for _, pod := range pods {
			on := field.Text(pod.Object, "spec", "nodeName")
			if len(selector) == 0 || !onNode[on] || pod.GetNamespace() != budget.GetNamespace() || !matches(selector, pod.GetLabels()) {
				continue
			}
			ref := finding.RefOf(budget)
			t.message += fmt.Sprintf("; %s allows no pod to be evicted, and its pod %s is on node %s, so the node's drain does not complete", ref, pod.GetName(), on)
			t.evidence = append(t.evidence, evidence(budget, "status.disruptionsAllowed", allowed, time.Time{}), evidence(pod, "spec.nodeName", on, time.Time{}))
			t.fixes = append(t.fixes, finding.Fix{Text: "Run the budget's pods on other nodes, with more ready replicas than it requires, so that one can be evicted", Command: describe(ref)})
			return
		}
	}
}
