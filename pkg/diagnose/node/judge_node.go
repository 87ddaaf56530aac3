package node

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/selfreport"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// JudgeNode reports what else a ready node reports: that no pods may be scheduled on it, and
// conditions that node-problem-detector adds.
func JudgeNode(x *engine.Context, node *unstructured.Unstructured) engine.Result {
	if e, ok := selfreport.JudgeDeleted(x, node); ok {
		return e
	}
	if v := x.NodeVerdict(node); v.Status != health.Ready {
		return engine.Result{Verdict: v}
	}
	var conditions []selfreport.Condition
	for _, c := range selfreport.Conditions(node) {
		// Amazon EKS's node monitoring agent writes KernelReady, StorageReady, …
		if selfreport.ShowsProblem(c.Type) && c.Type != "Ready" {
			conditions = append(conditions, c)
		}
	}
	if e, ok := selfreport.JudgeConditions(node, conditions); ok {
		return e
	}
	for _, c := range selfreport.Conditions(node) { // Azure's VMEventScheduled, RebootScheduled, …
		if strings.HasSuffix(c.Type, "Scheduled") && c.Status == "True" {
			return selfreport.OwnFinding(node, health.Ready, engine.CodeOwnWarning, finding.Warning, c.Reason, c.Clause(), c.Since, c.Proof(node))
		}
	}
	if e, ok := temporaryNode(node); ok {
		return e
	}
	if object.Bool(node.Object, "spec", "unschedulable") {
		e := selfreport.OwnFinding(node, health.Ready, engine.CodeOwnWarning, finding.Warning, "SchedulingDisabled", "no pods are scheduled on it: it is cordoned", time.Time{},
			selfreport.QuoteFields(node, "spec.unschedulable")...)
		e.Findings[0].Fixes = []finding.Fix{{Text: "Uncordon the node when its maintenance is over", Command: "kubectl uncordon " + escape.ShellWord(node.GetName())}}
		return e
	}
	return selfreport.ReadyResult(node, object.ConditionOf(node, "Ready").Since)
}

// temporaryTaints are the taints with which a controller temporarily prevents pods from
// running on a node: the node is not initialized yet (k8s.io/cloud-provider v0.36), will be
// removed (cluster-autoscaler 1.34, Karpenter v1.8), or is down (kubernetes v1.36).
var temporaryTaints = map[string]string{
	"node.cloudprovider.kubernetes.io/uninitialized": "the cloud controller manager has not initialized it yet",
	"node.kubernetes.io/out-of-service":              "it is marked as out of service",
	"ToBeDeletedByClusterAutoscaler":                 "the cluster autoscaler is about to remove it",
	"karpenter.sh/disrupted":                         "Karpenter is about to remove it",
	"karpenter.sh/unregistered":                      "Karpenter has not registered it yet",
}

// temporaryNode reports a ready node on which a controller temporarily prevents pods from
// running.
func temporaryNode(node *unstructured.Unstructured) (engine.Result, bool) {
	for i, taint := range object.List(node.Object, "spec", "taints") {
		key := object.Text(taint, "key")
		if why := temporaryTaints[key]; why != "" {
			path := fmt.Sprintf("spec.taints[%d].", i)
			return selfreport.OwnFinding(node, health.Ready, engine.CodeOwnWarning, finding.Warning, "Tainted", "no other pods are scheduled on it: "+why, object.Time(taint, "timeAdded"),
				selfreport.QuoteFields(node, path+"key", path+"effect")...), true
		}
	}
	return engine.Result{}, false
}
