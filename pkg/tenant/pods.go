package tenant

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// PodGroup are the pods of one object in a tenant's chain.
type PodGroup struct {
	// Section is that of the object: Workloads with Orthanc among them, Database, or
	// Ingress for the pods of the Gateways.
	Section Section
	// Of is the workload that created the pods, or the Service that selects them.
	Of object.Ref
	// Pods are ordered by name.
	Pods []*unstructured.Unstructured
	// Partial is set if there may be more pods. Unknown is what could not be read.
	Partial bool
	Unknown []snapshot.Failure
}

// Pods are the pods of a tenant's workloads, its database and its ingress, in the order of
// the chain. A pod is in each group that it belongs to: the pods of a gateway in the tenant's
// own namespace are also those of a Service. It needs all Pods of their namespaces in the
// snapshot.
func Pods(snap *snapshot.Snapshot, s Status) []PodGroup {
	var groups []PodGroup
	for _, link := range s.Chain {
		obj := snap.Lookup(link.Ref).Object
		if obj == nil {
			continue
		}
		var has func(pod *unstructured.Unstructured) bool
		switch link.Section {
		case Workloads, Database:
			has = func(pod *unstructured.Unstructured) bool { return createdBy(pod, link.Ref) }
		case Ingress:
			has = SelectedBy(obj)
		default:
			continue
		}
		listing := snap.List(object.PodKind, link.Ref.Namespace)
		group := PodGroup{Section: link.Section, Of: link.Ref, Partial: listing.Partial, Unknown: listing.Unknown}
		for _, pod := range listing.Objects {
			if has(pod) {
				group.Pods = append(group.Pods, pod)
			}
		}
		groups = append(groups, group)
	}
	return groups
}

// PodReady reports whether a pod gets traffic.
func PodReady(pod *unstructured.Unstructured) bool {
	return object.ConditionOf(pod, "Ready").Is("True")
}

// createdBy reports whether a workload controls a pod, for a Deployment through its
// ReplicaSet.
func createdBy(pod *unstructured.Unstructured, workload object.Ref) bool {
	owner := metav1.GetControllerOf(pod)
	if owner == nil {
		return false
	}
	ref := object.Ref{APIVersion: owner.APIVersion, Kind: owner.Kind, Namespace: pod.GetNamespace(), Name: owner.Name}
	if ref.GroupKind() == object.ReplicaSetKind {
		if name := object.DeploymentOf(pod, owner.Name); name != "" {
			ref.Kind, ref.Name = object.DeploymentKind.Kind, name
		}
	}
	return ref.Same(workload)
}

// SelectedBy reports which pods a Service selects: none without a selector, or with a
// malformed one.
func SelectedBy(service *unstructured.Unstructured) func(pod *unstructured.Unstructured) bool {
	wanted, _, _ := unstructured.NestedStringMap(service.Object, "spec", "selector")
	selector := labels.SelectorFromSet(wanted)
	return func(pod *unstructured.Unstructured) bool {
		return len(wanted) > 0 && selector.Matches(labels.Set(pod.GetLabels()))
	}
}

// TargetPort is the pod's port for a Service's: a number, the name of a container's port, or the
// same number by default (core/v1, ServicePort).
func TargetPort(service, pod *unstructured.Unstructured, number int64) int64 {
	for _, port := range object.List(service.Object, "spec", "ports") {
		if object.Int(port, "port") != number {
			continue
		}
		if target := object.Int(port, "targetPort"); target != 0 {
			return target
		}
		for _, container := range object.List(pod.Object, "spec", "containers") {
			for _, open := range object.List(container, "ports") {
				if object.Text(open, "name") == object.Text(port, "targetPort") {
					return object.Int(open, "containerPort")
				}
			}
		}
	}
	return number
}
