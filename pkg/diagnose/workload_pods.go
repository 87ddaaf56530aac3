package diagnose

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// pods are the current pods of a workload: of a Deployment those of its newest
// ReplicaSet, and only if that has none, of the older ones; without those that have
// finished or are being deleted. The failures are the reasons why there may be more.
func (x *examiner) pods(obj *unstructured.Unstructured) ([]*unstructured.Unstructured, []snapshot.Failure) {
	unread := x.unreadable(health.PodKind, obj.GetNamespace())
	if finding.RefOf(obj).GroupKind() != health.DeploymentKind {
		return currentPods(x.children(obj, health.PodKind), obj.GetKind()), unread
	}
	for _, set := range x.replicaSets(obj) {
		if pods := currentPods(x.children(set, health.PodKind), "ReplicaSet"); len(pods) > 0 {
			return pods, unread
		}
	}
	for _, set := range x.replicaSets(obj) { // all are over: the last tells why
		if pods := lastFailed(x.children(set, health.PodKind)); len(pods) > 0 {
			return pods, unread
		}
	}
	if len(x.replicaSets(obj)) > 0 {
		return nil, unread
	}
	var pods []*unstructured.Unstructured // no ReplicaSet could be read
	for _, pod := range x.snap.List(health.PodKind, obj.GetNamespace()).Objects {
		if x.workloadOf(pod).Same(finding.RefOf(obj)) {
			pods = append(pods, pod)
		}
	}
	return currentPods(pods, "ReplicaSet"), unread
}

// replicaSets are those of a Deployment that should have pods, the newest first.
func (x *examiner) replicaSets(deployment *unstructured.Unstructured) []*unstructured.Unstructured {
	sets := slices.DeleteFunc(x.children(deployment, replicaSetKind), func(set *unstructured.Unstructured) bool {
		return field.IntOr(1, set.Object, "spec", "replicas") == 0
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
		over := field.Text(pod.Object, "status", "phase") == "Failed" && kind != "Job"
		if over || pod.GetDeletionTimestamp() != nil && kind != "StatefulSet" {
			continue
		}
		found = append(found, pod)
	}
	return found
}

// lastFailed is the pod that failed last.
func lastFailed(pods []*unstructured.Unstructured) []*unstructured.Unstructured {
	var last *unstructured.Unstructured
	for _, pod := range pods {
		if field.Text(pod.Object, "status", "phase") == "Failed" && pod.GetDeletionTimestamp() == nil &&
			(last == nil || last.GetCreationTimestamp().Time.Before(pod.GetCreationTimestamp().Time)) {
			last = pod
		}
	}
	if last == nil {
		return nil
	}
	return []*unstructured.Unstructured{last}
}

// lastOverLimit is the pod that was evicted last, if several pods with the owner of the
// given ones were evicted for their own use of local storage: the pods that replace them
// will be evicted as well.
func (x *examiner) lastOverLimit(pods []*unstructured.Unstructured) *unstructured.Unstructured {
	if len(pods) == 0 {
		return nil
	}
	owner, owned := ownerOf(pods[0])
	if !owned {
		return nil
	}
	var evicted []*unstructured.Unstructured
	for _, pod := range x.podsOf(owner) {
		if field.Text(pod.Object, "status", "reason") == "Evicted" && overLocalStorage(field.Text(pod.Object, "status", "message")) {
			evicted = append(evicted, pod)
		}
	}
	if last := lastFailed(evicted); len(evicted) > 1 && len(last) > 0 {
		return last[0]
	}
	return nil
}

// siblings are the current pods of the same workload, including the pod.
func (x *examiner) siblings(pod *unstructured.Unstructured) []*unstructured.Unstructured {
	ref, owned := ownerOf(pod)
	if !owned {
		return []*unstructured.Unstructured{pod}
	}
	return currentPods(x.podsOf(ref), ref.Kind)
}

func (x *examiner) podsOf(owner finding.Ref) []*unstructured.Unstructured {
	return x.ownedBy(owner, health.PodKind)
}

// blamePods blames one pod for each distinct trouble. Temporary troubles count only if
// there are no others, and something has failed.
func (x *examiner) blamePods(e *exam, pods []*unstructured.Unstructured, failing bool) (worst trouble, hard bool) {
	var distinct []trouble
	var bearers, plain []finding.Ref
	for _, pod := range pods {
		if podVerdict(pod).Status == health.Ready {
			continue
		}
		plain = append(plain, finding.RefOf(pod))
		for _, t := range x.troubles(pod) {
			t.soft = t.soft || x.waitsForProgress(pod, t)
			if !slices.ContainsFunc(distinct, t.same) {
				distinct, bearers = append(distinct, t), append(bearers, finding.RefOf(pod))
			}
			hard = hard || !t.soft
		}
	}
	for i, t := range distinct {
		if t.soft == hard || !hard && !failing {
			continue
		}
		if worst.code == "" {
			worst = t
		}
		e.blame = addRef(e.blame, bearers[i])
	}
	if over := x.lastOverLimit(pods); failing && !hard && over != nil && !slices.ContainsFunc(distinct, func(t trouble) bool { return t.code != codeNotReadyForUnknown }) {
		e.blame = []finding.Ref{finding.RefOf(over)} // the new ones do not say why they are not ready
	}
	if failing && len(e.blame) == 0 && len(plain) > 0 {
		e.blame = plain[:1] // it says at least that nothing is said
	}
	return worst, hard
}

// waitsForProgress reports whether the pod's only problem is a database that is still
// starting, which is temporary.
func (x *examiner) waitsForProgress(pod *unstructured.Unstructured, t trouble) bool {
	if !t.vague {
		return false
	}
	down := x.downDatabases(x.read(pod))
	for _, ref := range down {
		if x.examine(ref, false).verdict.Status == health.Failing {
			return false
		}
	}
	return len(down) > 0
}

// resourceOf is the name of the kind for kubectl.
func resourceOf(ref finding.Ref) string { return strings.ToLower(ref.Kind) }
