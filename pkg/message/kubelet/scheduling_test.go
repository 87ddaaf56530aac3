package kubelet

import (
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/parsecheck"
)

func TestScheduling(t *testing.T) {
	parsecheck.Check(t, ParseScheduling, []parsecheck.Case[Scheduling]{
		{"kubernetes 1.36, framework/types.go", `0/3 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 2 Insufficient memory. preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod.`,
			Scheduling{Nodes: 3, Reasons: []SchedulingReason{{Nodes: 1, Text: "node(s) didn't match Pod's node affinity/selector"}, {Nodes: 2, Text: "Insufficient memory", Resource: "memory"}}}},
		{"radondb/radondb-mysql-kubernetes#395, 1.22: a comma in a reason", `0/3 nodes are available: 1 node(s) had taint {node-role.kubernetes.io/master: }, that the pod didn't tolerate, 2 node(s) had volume node affinity conflict.`,
			Scheduling{Nodes: 3, Reasons: []SchedulingReason{{Nodes: 1, Text: "node(s) had taint {node-role.kubernetes.io/master: }, that the pod didn't tolerate", Taint: "node-role.kubernetes.io/master"}, {Nodes: 2, Text: "node(s) had volume node affinity conflict"}}}},
		{"redhat-developer/odo#7038, 1.26", `0/17 nodes are available: 1 node(s) had untolerated taint {a/b: c}, 16 Insufficient ephemeral-storage. preemption: 0/17 nodes are available: 17 Preemption is not helpful for scheduling..`,
			Scheduling{Nodes: 17, Reasons: []SchedulingReason{{Nodes: 1, Text: "node(s) had untolerated taint {a/b: c}", Taint: "a/b: c"}, {Nodes: 16, Text: "Insufficient ephemeral-storage", Resource: "ephemeral-storage"}}}},
		{"kubernetes 1.36, tainttoleration", `0/1 nodes are available: 1 node(s) had untolerated taint(s).`, Scheduling{Nodes: 1, Reasons: []SchedulingReason{{Nodes: 1, Text: "node(s) had untolerated taint(s)"}}}},
		{"volumebinding, before any node is looked at", `0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.`,
			Scheduling{Nodes: 2, Reasons: []SchedulingReason{{Text: "pod has unbound immediate PersistentVolumeClaims"}}}},
		{"1.34, two sentences", `0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.`,
			Scheduling{Nodes: 1, Reasons: []SchedulingReason{{Nodes: 1, Text: "Insufficient cpu", Resource: "cpu"}}}},
		{"schedule_one.go, without a sentence's end", `0/1 nodes are available: 1 Too many pods`, Scheduling{Nodes: 1, Reasons: []SchedulingReason{{Nodes: 1, Text: "Too many pods"}}}},
		{"more nodes than there are is no count", `0/2 nodes are available: 3 Insufficient cpu, 1 Too many pods.`, Scheduling{Nodes: 2, Reasons: []SchedulingReason{{Nodes: 1, Text: "Too many pods"}}}},
		{"some are available", `1/3 nodes are available: 2 Insufficient memory.`, Scheduling{}},
		{"no reason", `0/3 nodes are available:`, Scheduling{}},
		{"another number", `0/99999999999999999999 nodes are available: 1 Insufficient cpu.`, Scheduling{}},
		{"it was scheduled", `Successfully assigned a/b to node1`, Scheduling{}},
	})
}

func TestSchedulingWithoutNodes(t *testing.T) {
	// The source is kubernetes 1.36, schedule_one.go, ErrNoNodesAvailable.
	if got, ok := ParseScheduling("no nodes available to schedule pods"); !ok || got.Nodes != 0 || got.Reasons != nil {
		t.Errorf("%v %+v", ok, got)
	}
}
