package engine

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/similar"
)

// NearSelector is the one entry of a selector because of which it does not match the
// pods of a workload, and the label that those pods have.
type NearSelector struct {
	// Key and Value are the entry of the selector, PodKey and PodValue the label of the pods.
	Key, Value, PodKey, PodValue string
	Workload                     *unstructured.Unstructured
}

// Path is where the workload has the label.
func (n NearSelector) Path() string {
	return LabelsPath(n.Workload) + "[" + n.PodKey + "]"
}

// LabelsPath is where a workload has the labels of its pods.
func LabelsPath(workload *unstructured.Unstructured) string {
	if workload.GetKind() == object.PodKind.Kind {
		return "metadata.labels"
	}
	return "spec.template.metadata.labels"
}

// NearestLabels finds the workload whose pods a selector would match if one entry were
// spelled differently. ok is false if there is none, or if two workloads are equally
// similar.
func NearestLabels(selector map[string]string, workloads []*unstructured.Unstructured) (near NearSelector, ok bool) {
	best, tie := 0, false
	for _, workload := range workloads {
		candidate, far := nearMiss(selector, workload)
		switch {
		case far == 0:
			continue
		case best == 0 || far < best:
			near, best, tie = candidate, far, false
		case far == best && (candidate.PodKey != near.PodKey || candidate.PodValue != near.PodValue):
			tie = true
		}
	}
	return near, best > 0 && !tie
}

// nearMiss compares a selector with the labels of the pods of a workload: exactly one
// entry must differ, in its value or its key, by no more than a typing error. The
// distance is 0 if there is no such entry.
func nearMiss(selector map[string]string, workload *unstructured.Unstructured) (near NearSelector, far int) {
	labels := PodLabels(workload)
	var wrong []string
	for _, key := range slices.Sorted(maps.Keys(selector)) {
		if got, has := labels[key]; !has || got != selector[key] {
			wrong = append(wrong, key)
		}
	}
	if len(wrong) != 1 {
		return NearSelector{}, 0
	}
	near = NearSelector{Key: wrong[0], Value: selector[wrong[0]], Workload: workload}
	if got, has := labels[near.Key]; has {
		near.PodKey, near.PodValue = near.Key, got
		return near, MisspellingDistance(near.Value, got)
	}
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		if d := MisspellingDistance(near.Key, key); labels[key] == near.Value && d > 0 && (far == 0 || d < far) {
			near.PodKey, near.PodValue, far = key, near.Value, d
		}
	}
	return near, far
}

// MisspellingDistance is the distance between two words of which one may be a
// misspelling of the other: one letter, or two letters in the wrong order. It is 0 for
// all others, so that "egressgateway" never counts as "ingressgateway".
func MisspellingDistance(a, b string) int {
	d := similar.Distance(a, b)
	if min(len(a), len(b)) > 2 && (d == 1 || d == 2 && SameLetters(a, b)) {
		return d
	}
	return 0
}

// SameLetters reports whether two words have the same letters in any order.
func SameLetters(a, b string) bool {
	left, right := []byte(a), []byte(b)
	slices.Sort(left)
	slices.Sort(right)
	return string(left) == string(right)
}
