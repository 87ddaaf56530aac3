package pods

import (
	"cmp"
	"slices"
	"strconv"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// Current are the current pods of a workload: of a Deployment those of its newest
// ReplicaSet, and only if that has none, of the older ones; without those that have
// finished or are being deleted. The failures are the reasons why there may be more.
func Current(x *engine.Context, obj *unstructured.Unstructured) ([]*unstructured.Unstructured, []snapshot.Failure) {
	unread := x.Unreadable(object.PodKind, obj.GetNamespace())
	if object.RefOf(obj).GroupKind() != object.DeploymentKind {
		return currentPods(x.Children(obj, object.PodKind), obj.GetKind()), unread
	}
	for _, set := range ReplicaSets(x, obj) {
		if pods := currentPods(x.Children(set, object.PodKind), "ReplicaSet"); len(pods) > 0 {
			return pods, unread
		}
	}
	for _, set := range ReplicaSets(x, obj) { // all have finished: the last one has the reason
		if pods := LastFailed(x.Children(set, object.PodKind)); len(pods) > 0 {
			return pods, unread
		}
	}
	if len(ReplicaSets(x, obj)) > 0 {
		return nil, unread
	}
	var pods []*unstructured.Unstructured // No ReplicaSet could be read
	for _, pod := range x.Snap.List(object.PodKind, obj.GetNamespace()).Objects {
		if x.WorkloadOf(pod).Same(object.RefOf(obj)) {
			pods = append(pods, pod)
		}
	}
	return currentPods(pods, "ReplicaSet"), unread
}

// ReplicaSets are those of a Deployment that should have pods, the newest first.
func ReplicaSets(x *engine.Context, deployment *unstructured.Unstructured) []*unstructured.Unstructured {
	sets := slices.DeleteFunc(x.Children(deployment, object.ReplicaSetKind), func(set *unstructured.Unstructured) bool {
		return object.IntOr(1, set.Object, "spec", "replicas") == 0
	})
	revision := func(set *unstructured.Unstructured) int {
		n, _ := strconv.Atoi(set.GetAnnotations()["deployment.kubernetes.io/revision"])
		return n
	}
	slices.SortStableFunc(sets, func(a, b *unstructured.Unstructured) int {
		return cmp.Or(cmp.Compare(revision(b), revision(a)), b.GetCreationTimestamp().Compare(a.GetCreationTimestamp().Time), cmp.Compare(a.GetName(), b.GetName()))
	})
	return sets
}

// currentPods omits pods that have failed or are being deleted, which have been replaced;
// but a StatefulSet waits until a pod is removed before it creates the next, and the
// failed pods of a Job are its evidence.
func currentPods(pods []*unstructured.Unstructured, kind string) []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	for _, pod := range pods {
		over := object.Text(pod.Object, "status", "phase") == "Failed" && kind != "Job"
		if over || pod.GetDeletionTimestamp() != nil && kind != "StatefulSet" {
			continue
		}
		found = append(found, pod)
	}
	return found
}

// LastFailed is the pod that failed last.
func LastFailed(pods []*unstructured.Unstructured) []*unstructured.Unstructured {
	var last *unstructured.Unstructured
	for _, pod := range pods {
		if object.Text(pod.Object, "status", "phase") == "Failed" && pod.GetDeletionTimestamp() == nil &&
			(last == nil || last.GetCreationTimestamp().Time.Before(pod.GetCreationTimestamp().Time)) {
			last = pod
		}
	}
	if last == nil {
		return nil
	}
	return []*unstructured.Unstructured{last}
}

// siblings are the current pods of the same workload, including the pod.
func siblings(x *engine.Context, pod *unstructured.Unstructured) []*unstructured.Unstructured {
	ref, owned := engine.OwnerOf(pod)
	if !owned {
		return []*unstructured.Unstructured{pod}
	}
	return currentPods(x.OwnedBy(ref, object.PodKind), ref.Kind)
}
