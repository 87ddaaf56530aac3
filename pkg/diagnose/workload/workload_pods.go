package workload

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/pods"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// lastOverLimit is the pod that was evicted last, if several pods with the owner of the
// given ones were evicted for their own use of local storage: the pods that replace them
// will be evicted as well.
func lastOverLimit(x *engine.Context, podsValue []*unstructured.Unstructured) *unstructured.Unstructured {
	if len(podsValue) == 0 {
		return nil
	}
	owner, owned := engine.OwnerOf(podsValue[0])
	if !owned {
		return nil
	}
	var evicted []*unstructured.Unstructured
	for _, pod := range pods.PodsOf(x, owner) {
		if object.Text(pod.Object, "status", "reason") == "Evicted" && pods.OverLocalStorage(object.Text(pod.Object, "status", "message")) {
			evicted = append(evicted, pod)
		}
	}
	if last := pods.LastFailed(evicted); len(evicted) > 1 && len(last) > 0 {
		return last[0]
	}
	return nil
}

// blamePods blames one pod for each distinct trouble. Temporary troubles count only if
// there are no others, and something has failed.
func blamePods(x *engine.Context, e *engine.Result, podsValue []*unstructured.Unstructured, failing bool) (worst pods.Trouble, hard bool) {
	var distinct []pods.Trouble
	var bearers, plain []object.Ref
	for _, pod := range podsValue {
		if engine.PodVerdict(pod).Status == health.Ready {
			continue
		}
		plain = append(plain, object.RefOf(pod))
		for _, t := range pods.Troubles(x, pod) {
			t.Soft = t.Soft || waitsForProgress(x, pod, t)
			if !slices.ContainsFunc(distinct, t.Same) {
				distinct, bearers = append(distinct, t), append(bearers, object.RefOf(pod))
			}
			hard = hard || !t.Soft
		}
	}
	for i, t := range distinct {
		if t.Soft == hard || !hard && !failing {
			continue
		}
		if worst.Code == "" {
			worst = t
		}
		e.Blame = engine.AddRef(e.Blame, bearers[i])
	}
	if over := lastOverLimit(x, podsValue); failing && !hard && over != nil && !slices.ContainsFunc(distinct, func(t pods.Trouble) bool { return t.Code != engine.CodeNotReadyForUnknown }) {
		e.Blame = []object.Ref{object.RefOf(over)} // the new ones do not say why they are not ready
	}
	if failing && len(e.Blame) == 0 && len(plain) > 0 {
		e.Blame = plain[:1] // it says at least that nothing is said
	}
	return worst, hard
}

// waitsForProgress reports whether the pod's only problem is a database that is still
// starting, which is temporary.
func waitsForProgress(x *engine.Context, pod *unstructured.Unstructured, t pods.Trouble) bool {
	if !t.Vague {
		return false
	}
	down := pods.DownDatabases(x, pods.Read(x, pod))
	for _, ref := range down {
		if x.Examine(ref, false).Verdict.Status == health.Failing {
			return false
		}
	}
	return len(down) > 0
}
