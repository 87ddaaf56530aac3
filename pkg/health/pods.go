package health

import (
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// PendingPods is the field selector for the pods that are read to judge workloads: those that
// never ran. A healthy cluster has few of them, whereas all its pods together are larger than
// all its other objects. A pod that ran and terminated shows in the counters of its workload.
const PendingPods = "status.phase!=Running,status.phase!=Succeeded"

// permanentReasons are the reasons for which a kubelet keeps a container waiting and which waiting
// does not resolve (kubernetes v1.36, pkg/kubelet/images/types.go and
// pkg/kubelet/kuberuntime).
var permanentReasons = map[string]bool{
	"CrashLoopBackOff": true, "CreateContainerConfigError": true, "CreateContainerError": true,
	"ErrImageNeverPull": true, "ErrImagePull": true, "ImageInspectError": true, "ImagePullBackOff": true,
	"InvalidImageName": true, "PostStartHookError": true, "RegistryUnavailable": true, "RunContainerError": true,
	"SignatureValidationFailed": true,
}

// unschedulableTime is how long a pod may be unschedulable before that counts as a failure: an
// autoscaler needs one or two minutes for a node.
const unschedulableTime = 3 * time.Minute

// schedulingGated is the reason of a pod that the scheduler does not handle yet (k8s.io/api
// v0.36, core/v1, PodReasonSchedulingGated): it may wait in a queue for any time.
const schedulingGated Reason = "SchedulingGated"

// podOwner is the workload that a pod belongs to.
type podOwner struct{ kind, namespace, name string }

// pendingPods groups the pods that never ran by their workload.
func pendingPods(snap *snapshot.Snapshot) map[podOwner][]*unstructured.Unstructured {
	byOwner := map[podOwner][]*unstructured.Unstructured{}
	for _, pod := range snap.List(object.PodKind, "").Objects {
		phase := object.Text(pod.Object, "status", "phase")
		if phase != "Pending" || pod.GetDeletionTimestamp() != nil {
			continue // a Failed pod has been replaced already, and may remain for weeks (Evicted)
		}
		for _, owner := range pod.GetOwnerReferences() {
			key := podOwner{owner.Kind, pod.GetNamespace(), owner.Name}
			if owner.Kind == "ReplicaSet" {
				name := object.DeploymentOf(pod, owner.Name)
				if name == "" {
					continue
				}
				key = podOwner{object.DeploymentKind.Kind, pod.GetNamespace(), name}
			}
			byOwner[key] = append(byOwner[key], pod)
		}
	}
	return byOwner
}

// blockedPods summarizes what prevents the pods of a workload from running, if waiting
// does not resolve it.
func (a *Assessor) blockedPods(v Verdict) (Verdict, bool) {
	var (
		reason Reason
		since  time.Time
		count  int
	)
	for _, pod := range a.pods[podOwner{v.Ref.Kind, v.Ref.Namespace, v.Ref.Name}] {
		why := a.blockedBy(pod)
		if why == "" || reason != "" && why != reason {
			continue
		}
		count++
		reason = why
		if at := pod.GetCreationTimestamp().Time; since.IsZero() || at.Before(since) {
			since = at
		}
	}
	noun := "pods"
	if count == 1 {
		noun = "pod"
	}
	return v.with(Failing, reason, fmt.Sprintf("%d %s: %s", count, noun, reason), since), count > 0
}

func (a *Assessor) blockedBy(pod *unstructured.Unstructured) Reason {
	containers := slices.Concat(
		object.List(pod.Object, "status", "initContainerStatuses"),
		object.List(pod.Object, "status", "containerStatuses"))
	for _, container := range containers {
		if reason := object.Text(container, "state", "waiting", "reason"); permanentReasons[reason] {
			return Reason(reason)
		}
	}
	scheduled := object.ConditionOf(pod, "PodScheduled")
	if scheduled.Is("False") && Reason(scheduled.Reason) != schedulingGated && a.now.Sub(scheduled.Since) > unschedulableTime {
		return Reason(scheduled.Reason)
	}
	return ""
}
