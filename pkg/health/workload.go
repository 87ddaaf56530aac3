package health

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// Replicas are the ready and the desired pods of a workload. The API server defaults
// spec.replicas to 1.
func Replicas(obj *unstructured.Unstructured) (ready, wanted int64) {
	serving := "readyReplicas"
	if obj.GetKind() == object.DeploymentKind.Kind {
		serving = "availableReplicas"
	}
	return object.Int(obj.Object, "status", serving), object.IntOr(1, obj.Object, "spec", "replicas")
}

// deployment judges like `kubectl rollout status` (kubectl v0.36,
// pkg/polymorphichelpers/rollout_status.go), and also checks the pods that can't start,
// long before the progress deadline of ten minutes has expired.
func (a *Assessor) deployment(obj *unstructured.Unstructured, v Verdict) Verdict {
	available, wanted := Replicas(obj)
	updated := object.Int(obj.Object, "status", "updatedReplicas")
	progress := object.ConditionOf(obj, "Progressing")
	if wanted == 0 {
		return v.with(Suspended, ScaledToZero, "it is scaled to zero", time.Time{})
	}
	if progress.Behind(obj) {
		return v.with(Progressing, NotYetObserved, "its newest spec has not been observed yet", unobservedSince(obj))
	}
	if blocked, ok := a.blockedPods(v); ok {
		return blocked
	}
	if progress.Is("False") {
		return v.FromCondition(Failing, progress)
	}
	if failure := object.ConditionOf(obj, "ReplicaFailure"); failure.Is("True") {
		return v.FromCondition(Failing, failure)
	}
	return rollout(obj, v, available, updated, wanted)
}

// rollout judges by the counters. The Progressing condition does not show when a
// rollout began: it turns True with the first rollout and stays True.
func rollout(obj *unstructured.Unstructured, v Verdict, available, updated, wanted int64) Verdict {
	progress, serving := object.ConditionOf(obj, "Progressing"), object.ConditionOf(obj, "Available")
	since := serving.Since
	if serving.Is("True") {
		since = time.Time{}
	}
	old := object.Int(obj.Object, "status", "replicas") - updated
	switch {
	case updated < wanted:
		return v.with(Progressing, RollingOut, fmt.Sprintf("%d of %d replicas have been updated to the newest pod template", updated, wanted), since)
	case old > 0: // they count as available, but do not match the spec
		noun, verb := "replicas", "exist"
		if old == 1 {
			noun, verb = "replica", "exists"
		}
		return v.with(Progressing, RollingOut, fmt.Sprintf("%d %s of an older template still %s", old, noun, verb), since)
	case available < wanted && serving.Is("False") && progress.Reason == "NewReplicaSetAvailable":
		// It was complete before, so this is not a rollout: pods have terminated.
		return v.with(Failing, Reason(serving.Reason), fmt.Sprintf("%d of %d replicas are available", available, wanted), serving.Since)
	case available < wanted:
		return v.with(Progressing, RollingOut, fmt.Sprintf("%d of %d replicas are available", available, wanted), since)
	}
	return v.with(Ready, "", fmt.Sprintf("%d of %d available", available, wanted), serving.Since)
}

// statefulSetTime is how long a StatefulSet, which has no deadline, may take before missing
// pods count as a failure.
const statefulSetTime = 10 * time.Minute

// statefulSet judges a StatefulSet by its counters: its controller sets no conditions.
func (a *Assessor) statefulSet(obj *unstructured.Unstructured, v Verdict) Verdict {
	ready, wanted := Replicas(obj)
	created := obj.GetCreationTimestamp().Time
	short := fmt.Sprintf("%d of %d replicas are ready", ready, wanted)
	updated, complete := updatedReplicas(obj, wanted)
	blocked, stuck := a.blockedPods(v)
	switch {
	case wanted == 0:
		return v.with(Suspended, ScaledToZero, "it is scaled to zero", time.Time{})
	case (object.Condition{}).Behind(obj):
		return v.with(Progressing, NotYetObserved, "its newest spec has not been observed yet", unobservedSince(obj))
	case stuck:
		return blocked
	case ready >= wanted && complete:
		return v.with(Ready, "", fmt.Sprintf("%d of %d ready", ready, wanted), created)
	case ready >= wanted:
		return v.with(Progressing, RollingOut, fmt.Sprintf("%d of %d replicas have been updated to the newest pod template", updated, wanted), time.Time{})
	case a.now.Sub(created) < statefulSetTime:
		return v.with(Progressing, RollingOut, short, created)
	case !complete:
		return v.with(Progressing, RollingOut, short, time.Time{})
	default:
		return v.with(Failing, ReplicasNotReady, short, time.Time{})
	}
}

// updatedReplicas are the pods of the newest template, and whether there are as many as
// intended: a partition keeps the others, and with OnDelete users replace them (kubectl
// v0.36, rollout_status.go).
func updatedReplicas(obj *unstructured.Unstructured, wanted int64) (updated int64, complete bool) {
	updated = object.Int(obj.Object, "status", "updatedReplicas")
	partition := object.Int(obj.Object, "spec", "updateStrategy", "rollingUpdate", "partition")
	switch {
	case object.Text(obj.Object, "spec", "updateStrategy", "type") == "OnDelete":
		return updated, true
	case partition > 0:
		return updated, updated >= wanted-partition
	}
	return updated, object.Text(obj.Object, "status", "currentRevision") == object.Text(obj.Object, "status", "updateRevision")
}
