package diagnose

import (
	"fmt"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// failed reports a failed pod: a Job's, or one that its node evicted.
func (s podView) failed() []trouble {
	if field.Text(s.pod.Object, "status", "phase") != "Failed" {
		return nil
	}
	lists := []string{"initContainers", "containers"}
	if _, ok := s.evicted(trouble{}); ok { // its containers only ended with it
		lists = nil
	}
	for _, list := range lists {
		statuses := map[string]string{"initContainers": "initContainerStatuses", "containers": "containerStatuses"}[list]
		for _, status := range field.List(s.pod.Object, "status", statuses) {
			c := container{podView: s, name: field.Text(status, "name"), list: list, status: status, live: "status." + statuses}
			c.spec = entryNamed(field.List(s.pod.Object, "spec", list), c.name)
			if ended := c.lastTermination(); ended.reason != "" && ended.code != 0 {
				return []trouble{c.exited(ended)}
			}
		}
	}
	reason, message := field.Text(s.pod.Object, "status", "reason"), firstLine(field.Text(s.pod.Object, "status", "message"))
	if reason == "" {
		reason = "PodFailed"
	}
	text := s.aPod() + " failed"
	if message != "" {
		text += ": " + message
	}
	t := trouble{
		code: codePodFailed, reason: reason, since: s.pod.GetCreationTimestamp().Time, message: text, evidence: s.phase(),
		fixes: []finding.Fix{{Text: "Check why it failed", Command: s.describe()}},
	}
	if gone, ok := s.evicted(t); ok {
		t = gone
	}
	return []trouble{t}
}

// phase quotes the phase, reason and message of a pod.
func (s podView) phase() []finding.Evidence {
	var proof []finding.Evidence
	for _, path := range []string{"status.phase", "status.reason", "status.message"} {
		if value, ok := field.Quote(s.pod.Object, path); ok && value != "" {
			proof = append(proof, evidence(s.pod, path, value, time.Time{}))
		}
	}
	return proof
}

// exited reports a terminated container that is not restarted.
func (c container) exited(ended containerExit) trouble {
	t := trouble{
		code: codeCrash, reason: ended.reason, container: c.name, vague: true, since: ended.at,
		soft:     c.owner.Kind == "Job", // which tries again, and says when it gives up
		message:  c.description() + " exited" + ended.description(),
		evidence: c.terminationProof(ended),
		fixes:    []finding.Fix{{Text: "Read its log from before it exited", Command: c.logs(c.name, false)}},
	}
	if ended.reason == "OOMKilled" {
		return c.outOfMemory(t)
	}
	return t
}

// deletionGrace is how long a pod may still exist after its grace period.
const deletionGrace = 5 * time.Minute

// terminating reports a pod that is being deleted, which is a problem only if it is never
// removed: its node does not respond, or a finalizer remains.
func (s podView) terminating() []trouble {
	at := s.pod.GetDeletionTimestamp()
	if at == nil {
		return nil
	}
	if s.x.now.Sub(at.Time) < deletionGrace {
		return []trouble{{code: codePodFailed, reason: "Terminating", soft: true, since: at.Time,
			message: s.owner.String() + s.verb(" waits for an old pod to terminate", " is being deleted")}}
	}
	t := trouble{
		code: codePodFailed, reason: "Terminating", since: at.Time,
		message:  s.terminatingMessage(),
		evidence: []finding.Evidence{evidence(s.pod, "metadata.deletionTimestamp", at.UTC().Format(time.RFC3339), at.Time)},
		fixes:    []finding.Fix{{Text: "Check what blocks its deletion", Command: s.describe()}},
	}
	for _, finalizer := range s.pod.GetFinalizers() {
		t.evidence = append(t.evidence, evidence(s.pod, "metadata.finalizers", finalizer, time.Time{}))
	}
	for _, bad := range s.onNotReadyNode() {
		t.blame = bad.blame
	}
	return []trouble{t}
}

// terminatingMessage describes a pod that is not removed.
func (s podView) terminatingMessage() string {
	if s.standalone() {
		return s.owner.String() + " is being deleted, but still exists long after its grace period"
	}
	return fmt.Sprintf("%s waits for pod %s, which still exists long after its grace period", s.owner, s.pod.GetName())
}

// onNotReadyNode reports a pod on a node that is not ready: the pod's status may be
// outdated.
func (s podView) onNotReadyNode() []trouble {
	ref := coreRef("Node", "", field.Text(s.pod.Object, "spec", "nodeName"))
	if ref.Name == "" {
		return nil
	}
	answer := s.x.snap.Lookup(ref)
	if answer.Presence != snapshot.Present {
		return nil
	}
	ready := field.ConditionOf(answer.Object, "Ready")
	if ready.Status == "True" || ready.Status == "" {
		return nil
	}
	return []trouble{{
		code: codeNodeNotReady, reason: "NodeNotReady", ref: ref, since: ready.Since, blame: []finding.Ref{ref},
		message:  fmt.Sprintf("%s %s on node %s, which is not ready", s.owner, s.verb("has a pod", "is"), ref.Name),
		evidence: []finding.Evidence{proofOf(answer.Object, ready)},
	}}
}
