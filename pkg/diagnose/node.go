package diagnose

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// pressures are a node's conditions that keep pods off it, or throw them out.
var pressures = []string{"DiskPressure", "MemoryPressure", "PIDPressure", "NetworkUnavailable"}

// reliefs are what ends a pressure.
var reliefs = map[string]finding.Fix{
	"DiskPressure": {Text: "Free disk space on the node (unused images, logs, emptyDir volumes of pods), or give it a larger disk"},
	"MemoryPressure": {Text: "Find the pods that use the most memory, and set limits for them or move them to a node with more memory",
		Command: "kubectl top pods -A --sort-by=memory"},
}

// explainNode goes by the node's conditions.
func explainNode(x *examiner, node *unstructured.Unstructured, failing bool) exam {
	e := exam{verdict: x.nodeVerdict(node)}
	if e.verdict.Status == health.Ready {
		return e
	}
	f := finding.Finding{
		Code: codeNodeNotReady, Ref: e.verdict.Ref, Reason: string(e.verdict.Reason), Message: e.verdict.Message,
		Severity: finding.Critical, Since: e.verdict.Since,
		Fixes: []finding.Fix{{Text: "Read the node's conditions and events", Command: "kubectl describe node " + escape.ShellWord(node.GetName())}},
	}
	for _, kind := range append([]string{"Ready"}, pressures...) {
		c := field.ConditionOf(node, kind)
		bad := c.Status == "True"
		if kind == "Ready" {
			bad = c.Status == "False" || c.Status == "Unknown"
		}
		if !bad {
			continue
		}
		if kind != "Ready" && field.ConditionOf(node, "Ready").Status == "True" {
			f.Code = codeNodePressure
		}
		f.Evidence = append(f.Evidence, proofOf(node, c))
		if relief, ok := reliefs[kind]; ok {
			f.Fixes = slices.Insert(f.Fixes, len(f.Fixes)-1, relief)
		}
	}
	for i, taint := range field.List(node.Object, "spec", "taints") {
		f.Evidence = append(f.Evidence, evidence(node, fmt.Sprintf("spec.taints[%d].key", i), field.Text(taint, "key"), field.Time(taint, "timeAdded")))
	}
	e.findings = []finding.Finding{f}
	return e
}

func (x *examiner) nodeVerdict(node *unstructured.Unstructured) health.Verdict {
	v := health.Verdict{Ref: finding.RefOf(node), Status: health.Failing}
	ready := field.ConditionOf(node, "Ready")
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
		v.Message = fmt.Sprintf("node %s is not ready: %s", node.GetName(), firstLine(ready.Message))
		return v
	}
	for _, kind := range pressures {
		if c := field.ConditionOf(node, kind); c.Status == "True" {
			v.Reason, v.Since = health.Reason(kind), c.Since
			v.Message = fmt.Sprintf("node %s reports %s: %s", node.GetName(), kind, firstLine(c.Message))
			return v
		}
	}
	v.Status, v.Since = health.Ready, ready.Since
	return v
}
