package diagnose

import (
	"fmt"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// evicted is a pod that had to go for the sake of its node or of other pods
// (k8s.io/kubernetes 1.36, pkg/kubelet/eviction and pkg/scheduler/framework/preemption;
// the condition DisruptionTarget of core/v1 says for what).
func (s podView) evicted(t trouble) (trouble, bool) {
	target := field.ConditionOf(s.pod, "DisruptionTarget")
	reason := field.Text(s.pod.Object, "status", "reason")
	message := firstLine(field.Text(s.pod.Object, "status", "message"))
	node := field.Text(s.pod.Object, "spec", "nodeName")
	if target.Status == "True" {
		t.evidence = append(t.evidence, proofOf(s.pod, target))
	}
	switch {
	case reason == "Evicted":
		t.code = codeEvicted
		t.message = fmt.Sprintf("node %s has evicted %s: %s", node, s.aPod(), message)
		t.fixes = []finding.Fix{s.againstEviction(message)}
		if !overLocalStorage(message) {
			t.fixes = append(t.fixes, finding.Fix{Text: "Check which resources the node lacks", Command: "kubectl describe node " + escape.ShellWord(node)})
		}
	case target.Reason == "PreemptionByScheduler" || reason == "Preempting":
		t.code = codeEvicted
		t.message = fmt.Sprintf("%s was preempted by a pod of higher priority", s.aPod())
		t.fixes = []finding.Fix{
			{Text: "Add a node, so that the pods of both fit, or give the pods their own PriorityClass", File: s.x.file(s.work, "priorityClassName"), Command: "kubectl get priorityclasses"},
		}
	default:
		return t, false
	}
	return t, true
}

// againstEviction is how to keep a pod on a node that runs out of something.
// Those that use more than they request go first.
func (s podView) againstEviction(message string) finding.Fix {
	switch lower := strings.ToLower(message); {
	case strings.Contains(lower, "resource: memory"):
		return finding.Fix{Text: "Request as much memory as the containers use: those that use more than they request are evicted first", File: s.x.file(s.work, "resources.requests.memory"), Command: s.x.applyNow(s.work)}
	case overLocalStorage(message):
		return finding.Fix{Text: "Raise the limit on local storage that the message names, or have the containers write less (logs, emptyDir)", File: s.x.file(s.work, "resources.limits.ephemeral-storage"), Command: s.x.applyNow(s.work)}
	case strings.Contains(lower, "ephemeral-storage"), strings.Contains(lower, "nodefs"), strings.Contains(lower, "imagefs"), strings.Contains(lower, "inodes"):
		return finding.Fix{Text: "Free disk space on the node, or have the containers write less to it (logs, emptyDir)"}
	}
	return finding.Fix{Text: "Read the pod's events", Command: s.describe()}
}

// overLocalStorage tells whether a pod was evicted because it used more local storage
// than its own limits allow.
func overLocalStorage(message string) bool {
	lower := strings.ToLower(message)
	return strings.Contains(lower, "ephemeral local storage usage exceeds") || strings.Contains(lower, "exceeds the limit") || strings.Contains(lower, "usage of emptydir")
}
