package node

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/pods"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/similar"
)

// successors are the labels that replaced those that newer nodes do not have
// (k8s.io/api v0.36, core/v1/well_known_labels.go).
var successors = map[string]string{
	"beta.kubernetes.io/os":                    "kubernetes.io/os",
	"beta.kubernetes.io/arch":                  "kubernetes.io/arch",
	"beta.kubernetes.io/instance-type":         "node.kubernetes.io/instance-type",
	"failure-domain.beta.kubernetes.io/zone":   "topology.kubernetes.io/zone",
	"failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
}

// explainSelector reports a selector or affinity that no node satisfies, whatever its
// capacity.
func explainSelector(s pods.View, t *pods.Problem, words string) {
	t.Code = engine.CodeSelector
	selector := object.Map(s.Pod.Object, "spec", "nodeSelector")
	t.Message = fmt.Sprintf("no node has the labels that %s %s; more nodes of the same kind do not help", s.Pods(), s.Verb("require", "requires"))
	peer := s.X.Peer(s.Owner)
	var hints []string
	for _, key := range slices.Sorted(maps.Keys(selector)) {
		value, _ := selector[key].(string)
		if someNode(s.X, func(labels map[string]string) bool { return labels[key] == value }) {
			continue
		}
		path := "nodeSelector[" + key + "]"
		t.Evidence = append(t.Evidence, s.Specified(path)...)
		if peer != nil {
			if theirs := object.Text(peer.Object, "spec", "template", "spec", "nodeSelector", key); theirs != value && theirs != "" {
				t.Evidence = append(t.Evidence, engine.Evidence(peer, s.At(path), theirs, time.Time{}))
			}
		}
		hint := key + "=" + value
		if near, proof, ok := nearLabel(s.X, key, value); ok {
			hint += " (the nodes have " + near + ")"
			t.Evidence = append(t.Evidence, proof)
			t.Fixes = append(t.Fixes, finding.Fix{Text: "Select " + near + " instead of " + key + "=" + value, File: flux.File(s.X, s.Work, "nodeSelector")})
		}
		hints = append(hints, hint)
	}
	if len(hints) > 0 {
		t.Message = fmt.Sprintf("no node has the label that %s %s: %s; more nodes of the same kind do not help", s.Pods(), s.Verb("require", "requires"), strings.Join(hints, ", "))
	}
	if object.Map(s.Pod.Object, "spec", "affinity", "nodeAffinity") != nil {
		t.Message += fmt.Sprintf(" (its affinity requires %s)", affinityText(s.Pod))
		t.Evidence = append(t.Evidence, s.Specified("affinity.nodeAffinity")...)
	}
	t.Fixes = append(t.Fixes, finding.Fix{Text: "Compare it with the labels of the nodes", Command: "kubectl get nodes --show-labels"})
}

// nearLabel is the label of a node that is most similar to a required one.
func nearLabel(x *engine.Context, key, value string) (near string, proof finding.Evidence, ok bool) {
	best := len(key)/2 + 1
	for _, node := range x.Snap.List(object.NodeKind, "").Objects {
		labels := node.GetLabels()
		for _, other := range slices.Sorted(maps.Keys(labels)) {
			far := similar.Distance(key, other)
			switch {
			case other == key:
				far = -1 // the label exists, with another value
			case successors[key] == other:
				far = 0
			case labels[other] != value:
				continue
			}
			if far < best {
				best, ok = far, true
				near, proof = other+"="+labels[other], finding.Evidence{Ref: object.RefOf(node), Field: "metadata.labels[" + other + "]", Value: labels[other]}
			}
		}
	}
	return near, proof, ok
}

// someNode reports whether the labels of any node satisfy the condition.
func someNode(x *engine.Context, satisfy func(labels map[string]string) bool) bool {
	return slices.ContainsFunc(x.Snap.List(object.NodeKind, "").Objects,
		func(node *unstructured.Unstructured) bool { return satisfy(node.GetLabels()) })
}

// matches reports whether a node has the labels of the selector of the pod.
func matches(s pods.View, node *unstructured.Unstructured) bool {
	labels := node.GetLabels()
	for key, value := range object.Map(s.Pod.Object, "spec", "nodeSelector") {
		if labels[key] != value {
			return false
		}
	}
	return true
}

// affinityText is the node affinity of a pod, in one line.
func affinityText(pod *unstructured.Unstructured) string {
	var terms []string
	for _, term := range object.List(pod.Object, "spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms") {
		var all []string
		for _, e := range object.List(term, "matchExpressions") {
			all = append(all, strings.TrimSpace(fmt.Sprintf("%s %s %s", object.Text(e, "key"), object.Text(e, "operator"), strings.Join(object.Texts(e, "values"), ", "))))
		}
		terms = append(terms, strings.Join(all, " and "))
	}
	return strings.Join(terms, ", or ")
}
