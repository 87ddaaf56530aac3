package diagnose

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// selectable are the kinds that a pod selector can match. A Pod is last: it counts if
// no workload is known that creates it.
var selectable = []schema.GroupKind{health.DeploymentKind, health.StatefulSetKind, daemonSetKind, health.PodKind}

// podLabels are the labels of a workload's pods, or of a Pod.
func podLabels(obj *unstructured.Unstructured) map[string]string {
	if obj.GetKind() == health.PodKind.Kind {
		return obj.GetLabels()
	}
	labels, _, _ := unstructured.NestedStringMap(obj.Object, "spec", "template", "metadata", "labels")
	return labels
}

// selectorOf is a selector that is a map of labels, as in Services and Istio Gateways.
func selectorOf(obj *unstructured.Unstructured) map[string]string {
	selector, _, _ := unstructured.NestedStringMap(obj.Object, "spec", "selector")
	return selector
}

// labelled are the workloads, then Pods, of the whole cluster whose pods have the
// label.
func (x *examiner) labelled(key, value string) []*unstructured.Unstructured {
	return memoize(x, labelIndex{}, func() map[string][]*unstructured.Unstructured {
		byLabel := map[string][]*unstructured.Unstructured{}
		for _, kind := range selectable {
			for _, obj := range x.snap.List(kind, "").Objects {
				for k, v := range podLabels(obj) {
					byLabel[k+"="+v] = append(byLabel[k+"="+v], obj)
				}
			}
		}
		return byLabel
	})[key+"="+value]
}

// labelIndex is the key of the index of workloads and Pods by each of their pods' labels.
type labelIndex struct{}

// selected are the workloads of a namespace whose pods the selector matches; if there
// are none, the Pods. With namespace "", it searches all namespaces.
func (x *examiner) selected(selector map[string]string, namespace string) []*unstructured.Unstructured {
	var workloads, pods []*unstructured.Unstructured
	if len(selector) == 0 {
		return nil
	}
	for _, obj := range x.candidates(selector, namespace) {
		if !matches(selector, podLabels(obj)) {
			continue
		}
		if obj.GetKind() == health.PodKind.Kind {
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

func (x *examiner) candidates(selector map[string]string, namespace string) []*unstructured.Unstructured {
	if namespace == "" {
		first := slices.Min(slices.Collect(maps.Keys(selector)))
		return x.labelled(first, selector[first])
	}
	var found []*unstructured.Unstructured
	for _, kind := range selectable {
		found = append(found, x.snap.List(kind, namespace).Objects...)
	}
	return found
}

func matches(selector, labels map[string]string) bool {
	for key, value := range selector {
		if got, ok := labels[key]; !ok || got != value {
			return false
		}
	}
	return true
}

// unseen is what could not be read of the objects that a selector can match: nothing
// may be concluded from missing objects then.
func (x *examiner) unseen(namespace string) []snapshot.Failure {
	var found []snapshot.Failure
	for _, kind := range selectable {
		listing := x.snap.List(kind, namespace)
		if namespace == "" {
			listing = x.snap.Everywhere(kind)
		}
		found = append(found, whyPartial(kind, namespace, listing)...)
	}
	return found
}

// writeLabels is a selector in the syntax of kubectl.
func writeLabels(selector map[string]string) string {
	var pairs []string
	for _, key := range slices.Sorted(maps.Keys(selector)) {
		pairs = append(pairs, key+"="+selector[key])
	}
	return strings.Join(pairs, ",")
}
