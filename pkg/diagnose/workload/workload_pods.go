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
func lastOverLimit(x *engine.Context, current []*unstructured.Unstructured) *unstructured.Unstructured {
	if len(current) == 0 {
		return nil
	}
	owner, owned := engine.OwnerOf(current[0])
	if !owned {
		return nil
	}
	var evicted []*unstructured.Unstructured
	for _, pod := range x.OwnedBy(owner, object.PodKind) {
		if object.Text(pod.Object, "status", "reason") == "Evicted" && pods.OverLocalStorage(object.Text(pod.Object, "status", "message")) {
			evicted = append(evicted, pod)
		}
	}
	if last := pods.LastFailed(evicted); len(evicted) > 1 && len(last) > 0 {
		return last[0]
	}
	return nil
}

// blamePods blames one pod for each distinct problem. Temporary problems count only if
// there are no others, and something has failed.
func blamePods(x *engine.Context, e *engine.Result, current []*unstructured.Unstructured, failing bool) (worst pods.Problem, hard bool) {
	var distinct []pods.Problem
	var bearers, plain []object.Ref
	for _, pod := range current {
		if engine.PodVerdict(pod).Status == health.Ready {
			continue
		}
		plain = append(plain, object.RefOf(pod))
		for _, t := range pods.Problems(x, pod) {
			t.MayBeTemporary = t.MayBeTemporary || waitsForProgress(x, pod, t)
			if !slices.ContainsFunc(distinct, t.Same) {
				distinct, bearers = append(distinct, t), append(bearers, object.RefOf(pod))
			}
			hard = hard || !t.MayBeTemporary
		}
	}
	for i, t := range distinct {
		if t.MayBeTemporary == hard || !hard && !failing {
			continue
		}
		if worst.Code == "" {
			worst = t
		}
		e.Blame = engine.AddRef(e.Blame, bearers[i])
	}
	if over := lastOverLimit(x, current); failing && !hard && over != nil && !slices.ContainsFunc(distinct, func(t pods.Problem) bool { return t.Code != engine.CodeNotReadyForUnknown }) {
		e.Blame = []object.Ref{object.RefOf(over)} // the new ones do not report why they are not ready
	}
	if failing && len(e.Blame) == 0 && len(plain) > 0 {
		e.Blame = plain[:1] // its message is that there is no message
	}
	return worst, hard
}

// waitsForProgress reports whether the pod's only problem is a database that is still
// starting, which is temporary.
func waitsForProgress(x *engine.Context, pod *unstructured.Unstructured, t pods.Problem) bool {
	if !t.Unexplained {
		return false
	}
	down := pods.DownDatabases(x, pods.ViewOf(x, pod))
	for _, ref := range down {
		if x.Examine(ref, false).Verdict.Status == health.Failing {
			return false
		}
	}
	return len(down) > 0
}
