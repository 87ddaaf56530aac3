package engine

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// Pressures are the conditions of a node that prevent pods from running on it, or evict them.
var Pressures = []string{"DiskPressure", "MemoryPressure", "PIDPressure", "NetworkUnavailable"}

// NodeVerdict judges a node by its conditions: Ready, and those that prevent pods from
// running on it.
func (x *Context) NodeVerdict(node *unstructured.Unstructured) health.Verdict {
	v := health.Verdict{Ref: object.RefOf(node), Status: health.Failing}
	ready := object.ConditionOf(node, "Ready")
	switch ready.Status {
	case "True":
	case "Unknown":
		v.Reason, v.Since = "NodeStatusUnknown", ready.Since
		v.Message = fmt.Sprintf("node %s does not respond: it is down or disconnected", node.GetName())
		return v
	case "":
		v.Status, v.Reason, v.Message = health.Unknown, "NoCondition", fmt.Sprintf("node %s has not reported its status yet", node.GetName())
		return v
	default:
		v.Reason, v.Since = health.Reason(ready.Reason), ready.Since
		v.Message = fmt.Sprintf("node %s is not ready: %s", node.GetName(), health.FirstLine(ready.Message))
		return v
	}
	for _, kind := range Pressures {
		if c := object.ConditionOf(node, kind); c.Status == "True" {
			v.Reason, v.Since = health.Reason(kind), c.Since
			v.Message = fmt.Sprintf("node %s reports %s: %s", node.GetName(), kind, health.FirstLine(c.Message))
			return v
		}
	}
	v.Status, v.Since = health.Ready, ready.Since
	return v
}

// DeletionGrace is how long a pod may still exist after its grace period.
const DeletionGrace = 5 * time.Minute

// WorkloadVerdict is the verdict of package health, and for the two kinds that it does
// not judge, one from their counters.
func (x *Context) WorkloadVerdict(obj *unstructured.Unstructured) health.Verdict {
	v := health.Verdict{Ref: object.RefOf(obj)}
	status := func(name string) int64 { return object.Int(obj.Object, "status", name) }
	var ready, wanted int64
	switch v.Ref.GroupKind() {
	case object.DaemonSetKind:
		ready, wanted = status("numberAvailable"), status("desiredNumberScheduled")
	case object.ReplicaSetKind, object.ReplicationControllerKind:
		ready, wanted = status("readyReplicas"), object.IntOr(1, obj.Object, "spec", "replicas")
	default:
		return x.Health.Of(v.Ref)
	}
	switch created := obj.GetCreationTimestamp().Time; {
	case obj.GetDeletionTimestamp() != nil:
		v.Status, v.Reason = health.Progressing, "Terminating"
	case status("observedGeneration") < obj.GetGeneration():
		v.Status, v.Reason = health.Progressing, "NotYetObserved"
	case ready >= wanted:
		v.Status, v.Since = health.Ready, created
	case x.Now.Sub(created) < RolloutTimeout:
		v.Status, v.Reason, v.Since = health.Progressing, "RollingOut", created
	default:
		v.Status, v.Reason = health.Failing, "ReplicasNotReady"
	}
	if v.Status != health.Ready {
		v.Message = fmt.Sprintf("%d of %d replicas are ready", ready, wanted)
	}
	return v
}

// RolloutTimeout is how long the rollout of a workload without a deadline may take.
const RolloutTimeout = 10 * time.Minute
