package pod

import (
	"fmt"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/pods"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// evicted reports a pod that was evicted by its node or preempted by another pod
// (k8s.io/kubernetes 1.36, pkg/kubelet/eviction and pkg/scheduler/framework/preemption;
// the condition DisruptionTarget of core/v1 states the reason).
func evicted(s pods.View, t pods.Problem) (pods.Problem, bool) {
	target := object.ConditionOf(s.Pod, "DisruptionTarget")
	reason := object.Text(s.Pod.Object, "status", "reason")
	message := health.FirstLine(object.Text(s.Pod.Object, "status", "message"))
	node := object.Text(s.Pod.Object, "spec", "nodeName")
	if target.Status == "True" {
		t.Evidence = append(t.Evidence, engine.ProofOf(s.Pod, target))
	}
	switch {
	case reason == "Evicted":
		t.Code = engine.CodeEvicted
		t.Message = fmt.Sprintf("node %s has evicted %s: %s", node, s.APod(), message)
		t.Fixes = []finding.Fix{againstEviction(s, message)}
		if !pods.OverLocalStorage(message) {
			t.Fixes = append(t.Fixes, finding.Fix{Text: "Check which resources the node lacks", Command: "kubectl describe node " + escape.ShellWord(node)})
		}
	case target.Reason == "PreemptionByScheduler" || reason == "Preempting":
		t.Code = engine.CodeEvicted
		t.Message = fmt.Sprintf("%s was preempted by a pod of higher priority", s.APod())
		t.Fixes = []finding.Fix{
			{Text: "Add a node, so that the pods of both fit, or give the pods their own PriorityClass", File: flux.File(s.X, s.Work, "priorityClassName"), Command: "kubectl get priorityclasses"},
		}
	default:
		return t, false
	}
	return t, true
}

// againstEviction is the fix that keeps a pod on a node that runs out of a resource. Pods
// that use more than they request are evicted first.
func againstEviction(s pods.View, message string) finding.Fix {
	switch lower := strings.ToLower(message); {
	case strings.Contains(lower, "resource: memory"):
		return finding.Fix{Text: "Request as much memory as the containers use: those that use more than they request are evicted first", File: flux.File(s.X, s.Work, "resources.requests.memory"), Command: flux.ApplyCommand(s.X, s.Work)}
	case pods.OverLocalStorage(message):
		return finding.Fix{Text: "Raise the limit on local storage that the message names, or have the containers write less (logs, emptyDir)", File: flux.File(s.X, s.Work, "resources.limits.ephemeral-storage"), Command: flux.ApplyCommand(s.X, s.Work)}
	case strings.Contains(lower, "ephemeral-storage"), strings.Contains(lower, "nodefs"), strings.Contains(lower, "imagefs"), strings.Contains(lower, "inodes"):
		return finding.Fix{Text: "Free disk space on the node, or have the containers write less to it (logs, emptyDir)"}
	}
	return finding.Fix{Text: "Read the pod's events", Command: s.Describe()}
}

// CheckFailed reports a failed pod: a Job's, or one that its node evicted.
func CheckFailed(s pods.View) []pods.Problem {
	if object.Text(s.Pod.Object, "status", "phase") != "Failed" {
		return nil
	}
	lists := []string{"initContainers", "containers"}
	if _, ok := evicted(s, pods.Problem{}); ok { // its containers only terminated with it
		lists = nil
	}
	for _, list := range lists {
		statuses := map[string]string{"initContainers": "initContainerStatuses", "containers": "containerStatuses"}[list]
		for _, status := range object.List(s.Pod.Object, "status", statuses) {
			c := pods.Container{View: s, Name: object.Text(status, "name"), List: list, Status: status, Live: "status." + statuses}
			c.Spec = pods.EntryNamed(object.List(s.Pod.Object, "spec", list), c.Name)
			if ended := c.LastTermination(); ended.Reason != "" && ended.Code != 0 {
				return []pods.Problem{exited(c, ended)}
			}
		}
	}
	reason, message := object.Text(s.Pod.Object, "status", "reason"), health.FirstLine(object.Text(s.Pod.Object, "status", "message"))
	if reason == "" {
		reason = "PodFailed"
	}
	text := s.APod() + " failed"
	if message != "" {
		text += ": " + message
	}
	t := pods.Problem{
		Code: engine.CodePodFailed, Reason: reason, Since: s.Pod.GetCreationTimestamp().Time, Message: text, Evidence: phase(s),
		Fixes: []finding.Fix{{Text: "Check why it failed", Command: s.Describe()}},
	}
	if gone, ok := evicted(s, t); ok {
		t = gone
	}
	return []pods.Problem{t}
}

// phase quotes the phase, reason and message of a pod.
func phase(s pods.View) []finding.Evidence {
	var proof []finding.Evidence
	for _, path := range []string{"status.phase", "status.reason", "status.message"} {
		if value, ok := object.Quote(s.Pod.Object, path); ok && value != "" {
			proof = append(proof, engine.Evidence(s.Pod, path, value, time.Time{}))
		}
	}
	return proof
}

// exited reports a terminated container that is not restarted.
func exited(c pods.Container, ended pods.ContainerExit) pods.Problem {
	t := pods.Problem{
		Code: engine.CodeCrash, Reason: ended.Reason, Container: c.Name, Unexplained: true, Since: ended.At,
		MayBeTemporary: c.Owner.Kind == "Job", // which retries, and reports when it stops
		Message:        c.Description() + " exited" + description(ended),
		Evidence:       c.TerminationProof(ended),
		Fixes:          []finding.Fix{{Text: "Read the log of the container that exited", Command: c.Logs(c.Name, false)}},
	}
	if ended.Reason == "OOMKilled" {
		return outOfMemory(c, t)
	}
	return t
}

// CheckTerminating reports a pod that is being deleted, which is a problem only if it is never
// removed: its node does not respond, or a finalizer remains.
func CheckTerminating(s pods.View) []pods.Problem {
	at := s.Pod.GetDeletionTimestamp()
	if at == nil {
		return nil
	}
	if s.X.Now.Sub(at.Time) < engine.DeletionGrace {
		return []pods.Problem{{Code: engine.CodePodFailed, Reason: "Terminating", MayBeTemporary: true, Since: at.Time,
			Message: s.Owner.String() + s.Verb(" waits for an old pod to terminate", " is being deleted")}}
	}
	t := pods.Problem{
		Code: engine.CodePodFailed, Reason: "Terminating", Since: at.Time,
		Message:  terminatingMessage(s),
		Evidence: []finding.Evidence{engine.Evidence(s.Pod, "metadata.deletionTimestamp", at.UTC().Format(time.RFC3339), at.Time)},
		Fixes:    []finding.Fix{{Text: "Check what blocks its deletion", Command: s.Describe()}},
	}
	for _, finalizer := range s.Pod.GetFinalizers() {
		t.Evidence = append(t.Evidence, engine.Evidence(s.Pod, "metadata.finalizers", finalizer, time.Time{}))
	}
	for _, bad := range s.OnNotReadyNode() {
		t.Blame = bad.Blame
	}
	return []pods.Problem{t}
}

// terminatingMessage describes a pod that is not removed.
func terminatingMessage(s pods.View) string {
	if s.Standalone() {
		return s.Owner.String() + " is being deleted, but still exists long after its grace period"
	}
	return fmt.Sprintf("%s waits for pod %s, which still exists long after its grace period", s.Owner, s.Pod.GetName())
}
