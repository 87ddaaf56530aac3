// Package node explains nodes that are not ready, pods that can't be scheduled, and
// the claims and volumes that pods wait for.
package node

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// pressureFixes are the fixes for a pressure.
var pressureFixes = map[string]finding.Fix{
	"DiskPressure": {Text: "Free disk space on the node (unused images, logs, emptyDir volumes of pods), or give it a larger disk"},
	"MemoryPressure": {Text: "Find the pods that use the most memory, and set limits for them or move them to a node with more memory",
		Command: "kubectl top pods -A --sort-by=memory"},
}

// ExplainNode uses the node's conditions.
func ExplainNode(x *engine.Context, node *unstructured.Unstructured, failing bool) engine.Result {
	e := engine.Result{Verdict: x.NodeVerdict(node)}
	if e.Verdict.Status == health.Ready {
		return e
	}
	f := finding.Finding{
		Code: engine.CodeNodeNotReady, Ref: e.Verdict.Ref, Reason: string(e.Verdict.Reason), Message: e.Verdict.Message,
		Severity: finding.Critical, Since: e.Verdict.Since,
		Fixes: []finding.Fix{{Text: "Read the node's conditions and events", Command: "kubectl describe node " + escape.ShellWord(node.GetName())}},
	}
	for _, kind := range append([]string{"Ready"}, engine.Pressures...) {
		c := object.ConditionOf(node, kind)
		bad := c.Status == "True"
		if kind == "Ready" {
			bad = c.Status == "False" || c.Status == "Unknown"
		}
		if !bad {
			continue
		}
		if kind != "Ready" && object.ConditionOf(node, "Ready").Status == "True" {
			f.Code = engine.CodeNodePressure
		}
		f.Evidence = append(f.Evidence, engine.ProofOf(node, c))
		if relief, ok := pressureFixes[kind]; ok {
			f.Fixes = slices.Insert(f.Fixes, len(f.Fixes)-1, relief)
		}
	}
	for i, taint := range object.List(node.Object, "spec", "taints") {
		f.Evidence = append(f.Evidence, engine.Evidence(node, fmt.Sprintf("spec.taints[%d].key", i), object.Text(taint, "key"), object.Time(taint, "timeAdded")))
	}
	e.Findings = []finding.Finding{f}
	return e
}
