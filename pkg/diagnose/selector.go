package diagnose

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
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

// matchesNoNode reports a selector or affinity that no node satisfies, whatever its
// capacity.
func (s podView) matchesNoNode(t *trouble, words string) {
	t.code = codeSelector
	selector := field.Map(s.pod.Object, "spec", "nodeSelector")
	t.message = fmt.Sprintf("no node has the labels that %s %s; more nodes of the same kind do not help", s.pods(), s.verb("require", "requires"))
	twin := s.x.peer(s.owner)
	var hints []string
	for _, key := range slices.Sorted(maps.Keys(selector)) {
		value, _ := selector[key].(string)
		if s.x.someNode(func(labels map[string]string) bool { return labels[key] == value }) {
			continue
		}
		path := "nodeSelector[" + key + "]"
		t.evidence = append(t.evidence, s.specified(path)...)
		if twin != nil {
			if theirs := field.Text(twin.Object, "spec", "template", "spec", "nodeSelector", key); theirs != value && theirs != "" {
				t.evidence = append(t.evidence, evidence(twin, s.at(path), theirs, time.Time{}))
			}
		}
		hint := key + "=" + value
		if near, proof, ok := s.x.nearLabel(key, value); ok {
			hint += " (the nodes have " + near + ")"
			t.evidence = append(t.evidence, proof)
			t.fixes = append(t.fixes, finding.Fix{Text: "Select " + near + " instead of " + key + "=" + value, File: s.x.file(s.work, "nodeSelector")})
		}
		hints = append(hints, hint)
	}
	if len(hints) > 0 {
		t.message = fmt.Sprintf("no node has the label that %s %s: %s; more nodes of the same kind do not help", s.pods(), s.verb("require", "requires"), strings.Join(hints, ", "))
	}
	if field.Map(s.pod.Object, "spec", "affinity", "nodeAffinity") != nil {
		t.message += fmt.Sprintf(" (its affinity requires %s)", affinityText(s.pod))
		t.evidence = append(t.evidence, s.specified("affinity.nodeAffinity")...)
	}
	t.fixes = append(t.fixes, finding.Fix{Text: "Compare it with the labels of the nodes", Command: "kubectl get nodes --show-labels"})
}

// nearLabel is the label of a node that is most similar to a required one.
func (x *examiner) nearLabel(key, value string) (near string, proof finding.Evidence, ok bool) {
	best := len(key)/2 + 1
	for _, node := range x.snap.List(nodeKind, "").Objects {
		labels := node.GetLabels()
		for _, other := range slices.Sorted(maps.Keys(labels)) {
			far := distance(key, other)
			switch {
			case other == key:
				far = -1 // the label is there, with another value
			case successors[key] == other:
				far = 0
			case labels[other] != value:
				continue
			}
			if far < best {
				best, ok = far, true
				near, proof = other+"="+labels[other], finding.Evidence{Ref: finding.RefOf(node), Field: "metadata.labels[" + other + "]", Value: labels[other]}
			}
		}
	}
	return near, proof, ok
}

// someNode reports whether the labels of any node satisfy the condition.
func (x *examiner) someNode(satisfy func(labels map[string]string) bool) bool {
	return slices.ContainsFunc(x.snap.List(nodeKind, "").Objects,
		func(node *unstructured.Unstructured) bool { return satisfy(node.GetLabels()) })
}

// matches reports whether a node has the labels of the selector of the pod.
func (s podView) matches(node *unstructured.Unstructured) bool {
	labels := node.GetLabels()
	for key, value := range field.Map(s.pod.Object, "spec", "nodeSelector") {
		if labels[key] != value {
			return false
		}
	}
	return true
}

// affinityText is the node affinity of a pod, in one line.
func affinityText(pod *unstructured.Unstructured) string {
	var terms []string
	for _, term := range field.List(pod.Object, "spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms") {
		var all []string
		for _, e := range field.List(term, "matchExpressions") {
			all = append(all, strings.TrimSpace(fmt.Sprintf("%s %s %s", field.Text(e, "key"), field.Text(e, "operator"), strings.Join(field.Texts(e, "values"), ", "))))
		}
		terms = append(terms, strings.Join(all, " and "))
	}
	return strings.Join(terms, ", or ")
}
