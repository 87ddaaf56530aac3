package engine

import (
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// Certainty is how certain a condition is.
type Certainty int

// The degrees, the least first: that of an "and" is the least of its parts, that
// of an "or" the greatest.
const (
	No Certainty = iota
	Maybe
	Yes
)

// Certain is yes or no.
func Certain(is bool) Certainty {
	if is {
		return Yes
	}
	return No
}

// AnyOf is how certain it is that one of the entries satisfies the condition.
func AnyOf[T any](list []T, is func(T) Certainty) Certainty {
	best := No
	for _, entry := range list {
		best = max(best, is(entry))
	}
	return best
}

// LabelsMatch reports whether labels satisfy a selector with matchLabels and
// matchExpressions; maybe if the selector is invalid.
func LabelsMatch(selector map[string]any, set map[string]string) Certainty {
	var typed metav1.LabelSelector
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(selector, &typed); err != nil {
		return Maybe
	}
	parsed, err := metav1.LabelSelectorAsSelector(&typed)
	if err != nil {
		return Maybe
	}
	return Certain(parsed.Matches(labels.Set(set)))
}

// Selectable are the kinds that a pod selector can match. A Pod is last: it counts if
// no workload is known that creates it.
var Selectable = []schema.GroupKind{object.DeploymentKind, object.StatefulSetKind, object.DaemonSetKind, object.PodKind}

// PodLabels are the labels of a workload's pods, or of a Pod.
func PodLabels(obj *unstructured.Unstructured) map[string]string {
	if obj.GetKind() == object.PodKind.Kind {
		return obj.GetLabels()
	}
	labels, _, _ := unstructured.NestedStringMap(obj.Object, "spec", "template", "metadata", "labels")
	return labels
}

// SelectorOf is a selector that is a map of labels, as in Services and Istio Gateways.
func SelectorOf(obj *unstructured.Unstructured) map[string]string {
	selector, _, _ := unstructured.NestedStringMap(obj.Object, "spec", "selector")
	return selector
}

// Labelled are the workloads, then Pods, of the whole cluster whose pods have the
// label.
func (x *Context) Labelled(key, value string) []*unstructured.Unstructured {
	return Memoize(x, labelIndex{}, func() map[string][]*unstructured.Unstructured {
		byLabel := map[string][]*unstructured.Unstructured{}
		for _, kind := range Selectable {
			for _, obj := range x.Snap.List(kind, "").Objects {
				for k, v := range PodLabels(obj) {
					byLabel[k+"="+v] = append(byLabel[k+"="+v], obj)
				}
			}
		}
		return byLabel
	})[key+"="+value]
}

// labelIndex is the key of the index of workloads and Pods by each of their pods' labels.
type labelIndex struct{}

// Selected are the workloads of a namespace whose pods the selector matches; if there
// are none, the Pods. With namespace "", it searches all namespaces.
func (x *Context) Selected(selector map[string]string, namespace string) []*unstructured.Unstructured {
	var workloads, pods []*unstructured.Unstructured
	if len(selector) == 0 {
		return nil
	}
	for _, obj := range x.candidates(selector, namespace) {
		if !Matches(selector, PodLabels(obj)) {
			continue
		}
		if obj.GetKind() == object.PodKind.Kind {
			pods = append(pods, obj)
		} else {
			workloads = append(workloads, obj)
		}
	}
	if len(workloads) > 0 {
		return workloads
	}
	return pods
}

func (x *Context) candidates(selector map[string]string, namespace string) []*unstructured.Unstructured {
	if namespace == "" {
		first := slices.Min(slices.Collect(maps.Keys(selector)))
		return x.Labelled(first, selector[first])
	}
	var found []*unstructured.Unstructured
	for _, kind := range Selectable {
		found = append(found, x.Snap.List(kind, namespace).Objects...)
	}
	return found
}

// Matches reports whether labels have all entries of a selector.
func Matches(selector, set map[string]string) bool {
	for key, value := range selector {
		if got, ok := set[key]; !ok || got != value {
			return false
		}
	}
	return true
}

// UnreadSelectable is what could not be read of the objects that a selector can match: nothing
// may be concluded from missing objects then.
func (x *Context) UnreadSelectable(namespace string) []snapshot.Failure {
	var found []snapshot.Failure
	for _, kind := range Selectable {
		listing := x.Snap.List(kind, namespace)
		if namespace == "" {
			listing = x.Snap.Everywhere(kind)
		}
		found = append(found, WhyPartial(kind, namespace, listing)...)
	}
	return found
}

// WriteLabels is a selector in the syntax of kubectl.
func WriteLabels(selector map[string]string) string {
	return labels.Set(selector).String()
}
