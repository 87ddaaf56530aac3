package engine

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// TopOwnerOf is the workload that a user changes: for a ReplicaSet, its Deployment.
func (x *Context) TopOwnerOf(obj *unstructured.Unstructured) object.Ref {
	ref := object.RefOf(obj)
	if ref.GroupKind() != object.ReplicaSetKind {
		return ref
	}
	if above, ok := OwnerOf(obj); ok {
		return above
	}
	return ref
}

// PodVerdict uses the pod's phase and conditions.
func PodVerdict(pod *unstructured.Unstructured) health.Verdict {
	v := health.Verdict{Ref: object.RefOf(pod), Status: health.Progressing, Since: pod.GetCreationTimestamp().Time}
	phase, ready := object.Text(pod.Object, "status", "phase"), object.ConditionOf(pod, "Ready")
	switch {
	case pod.GetDeletionTimestamp() != nil:
		v.Reason, v.Message, v.Since = "Terminating", "it is being deleted", pod.GetDeletionTimestamp().Time
	case phase == "Succeeded":
		v.Status = health.Ready
	case phase == "Failed":
		v.Status, v.Reason = health.Failing, health.Reason(object.Text(pod.Object, "status", "reason"))
		v.Message = health.FirstLine(object.Text(pod.Object, "status", "message"))
	case ready.Status == "True":
		v.Status, v.Since = health.Ready, ready.Since
	default:
		v.Reason = health.Reason(ready.Reason)
		v.Message = health.FirstLine(ready.Message)
	}
	return v
}

// WorkloadOf is the object that users change to change the pod: its controller, or the
// Deployment of its ReplicaSet.
func (x *Context) WorkloadOf(pod *unstructured.Unstructured) object.Ref {
	ref, owned := OwnerOf(pod)
	if !owned || ref.Kind == "Node" { // a static pod is its node's
		return object.RefOf(pod)
	}
	if ref.GroupKind() != object.ReplicaSetKind {
		return ref
	}
	if set := x.Snap.Lookup(ref).Object; set != nil {
		if above, ok := OwnerOf(set); ok {
			return above
		}
		return ref
	}
	if name := object.DeploymentOf(pod, ref.Name); name != "" {
		return deploymentRef(pod.GetNamespace(), name)
	}
	return ref
}

// OwnerOf is what created an object: its controller, or its first owner if none is marked
// as controller.
func OwnerOf(obj *unstructured.Unstructured) (object.Ref, bool) {
	owners := obj.GetOwnerReferences()
	if len(owners) == 0 {
		return object.Ref{}, false
	}
	owner := owners[0]
	if controller := metav1.GetControllerOf(obj); controller != nil {
		owner = *controller
	}
	ref := object.Ref{APIVersion: owner.APIVersion, Kind: owner.Kind, Namespace: obj.GetNamespace(), Name: owner.Name}
	return ref, ref.Kind != "" && ref.Name != ""
}

// OwnedBy reports whether an object has the other one as an owner.
func OwnedBy(obj, owner *unstructured.Unstructured) bool { return OwnerIndex(obj, owner) >= 0 }

// OwnerIndex is the index of the owner reference of an object, negative if there is
// none.
func OwnerIndex(obj, owner *unstructured.Unstructured) int {
	ref := object.RefOf(owner)
	for i, o := range obj.GetOwnerReferences() {
		named := object.Ref{APIVersion: o.APIVersion, Kind: o.Kind, Namespace: obj.GetNamespace(), Name: o.Name}
		if named.Same(ref) && (owner.GetUID() == "" || o.UID == "" || o.UID == owner.GetUID()) {
			return i
		}
	}
	return -1
}

// LogsOf is the command that shows the log of the pods of a workload.
func LogsOf(ref object.Ref) string {
	return escape.Command("kubectl logs %s/%s -n %s", ResourceOf(ref), ref.Name, ref.Namespace)
}

// ResourceOf is the name of the kind for kubectl.
func ResourceOf(ref object.Ref) string { return strings.ToLower(ref.Kind) }
