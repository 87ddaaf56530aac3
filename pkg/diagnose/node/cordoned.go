package node

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/pods"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// cordonedNodes reports a pod that could run only on cordoned nodes. Nodes stay cordoned
// while they are drained, which a budget may block.
func cordonedNodes(s pods.View, t *pods.Problem) {
	var cordoned []*unstructured.Unstructured
	for _, node := range s.X.Snap.List(object.NodeKind, "").Objects {
		if object.Bool(node.Object, "spec", "unschedulable") && matches(s, node) && volumesFit(s, node) != engine.No {
			cordoned = append(cordoned, node)
		}
	}
	t.Message = fmt.Sprintf("no node is available for %s: nodes are cordoned", s.Pods())
	t.Fixes = []finding.Fix{{Text: "Check which nodes are cordoned, and uncordon those whose maintenance is over", Command: "kubectl get nodes"}}
	if len(cordoned) == 0 {
		return
	}
	t.Code = engine.CodeCordoned
	verb := "is"
	if len(cordoned) > 1 {
		verb = "are"
	}
	t.Message = fmt.Sprintf("no node is available for %s: %s %s cordoned", s.Pods(), engine.NamesOf(cordoned), verb)
	var names []string
	for _, node := range cordoned[:min(len(cordoned), engine.MaxNamed)] {
		names = append(names, node.GetName())
		t.Evidence = append(t.Evidence, engine.Evidence(node, "spec.unschedulable", "true", time.Time{}))
	}
	t.Fixes = []finding.Fix{{Text: "Uncordon the nodes whose maintenance is over, or add a node", Command: "kubectl uncordon " + string(escape.ShellWords(names))}}
	blockedDrain(s.X, cordoned, t)
}

// cordonedHome reports whether the pod's volumes are tied to a cordoned node. The
// scheduler counts that node as cordoned, and the others by their volume conflict.
func cordonedHome(s pods.View) bool {
	for _, node := range s.X.Snap.List(object.NodeKind, "").Objects {
		if object.Bool(node.Object, "spec", "unschedulable") && matches(s, node) && volumesFit(s, node) == engine.Yes {
			return true
		}
	}
	return false
}

// volumesFit reports whether the node affinity of the pod's volumes includes a node. A
// volume without affinity, or one that could not be read, may fit.
func volumesFit(s pods.View, node *unstructured.Unstructured) engine.Certainty {
	result := engine.Maybe
	for _, name := range engine.Claims(s.Pod) {
		claim := s.X.Snap.Lookup(engine.CoreRef(object.ClaimKind.Kind, s.Pod.GetNamespace(), name)).Object
		volume := s.X.Snap.Lookup(engine.CoreRef(object.VolumeKind.Kind, "", object.Text(engine.ObjectOf(claim), "spec", "volumeName"))).Object
		terms := object.List(engine.ObjectOf(volume), "spec", "nodeAffinity", "required", "nodeSelectorTerms")
		if len(terms) == 0 {
			continue
		}
		fits := engine.AnyOf(terms, func(term map[string]any) engine.Certainty {
			if len(object.List(term, "matchFields")) > 0 || len(object.List(term, "matchExpressions")) == 0 {
				return engine.Maybe
			}
			return engine.LabelsMatch(map[string]any{"matchExpressions": term["matchExpressions"]}, node.GetLabels())
		})
		if fits == engine.No {
			return engine.No
		}
		result = max(result, fits)
	}
	return result
}

// blockedDrain reports a budget that allows none of its pods to be evicted from a
// cordoned node, so the node's drain does not complete.
func blockedDrain(x *engine.Context, cordoned []*unstructured.Unstructured, t *pods.Problem) {
	onNode := map[string]bool{}
	for _, node := range cordoned {
		onNode[node.GetName()] = true
	}
	pods := x.Snap.Everywhere(object.PodKind).Objects
	for _, budget := range x.Snap.List(object.BudgetKind, "").Objects {
		allowed, ok := object.Quote(budget.Object, "status.disruptionsAllowed")
		if !ok || allowed != "0" {
			continue
		}
		selector, _, _ := unstructured.NestedStringMap(budget.Object, "spec", "selector", "matchLabels")
		for _, pod := range pods {
			on := object.Text(pod.Object, "spec", "nodeName")
			if len(selector) == 0 || !onNode[on] || pod.GetNamespace() != budget.GetNamespace() || !engine.Matches(selector, pod.GetLabels()) {
				continue
			}
			ref := object.RefOf(budget)
			t.Message += fmt.Sprintf("; %s allows no pod to be evicted, and its pod %s is on node %s, so the node's drain does not complete", ref, pod.GetName(), on)
			t.Evidence = append(t.Evidence, engine.Evidence(budget, "status.disruptionsAllowed", allowed, time.Time{}), engine.Evidence(pod, "spec.nodeName", on, time.Time{}))
			t.Fixes = append(t.Fixes, finding.Fix{Text: "Run the budget's pods on other nodes, with more ready replicas than it requires, so that one can be evicted", Command: engine.Describe(ref)})
			return
		}
	}
}
