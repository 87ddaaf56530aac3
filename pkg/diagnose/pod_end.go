package diagnose

import (
	"fmt"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// ended is a pod that is over and failed: a Job's, or one that its node threw
// out.
func (s podView) ended() []trouble {
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
			c.spec = named(field.List(s.pod.Object, "spec", list), c.name)
			if ended := c.lastEnd(); ended.reason != "" && ended.code != 0 {
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

// phase is why a pod is over, in its own words.
func (s podView) phase() []finding.Evidence {
	var proof []finding.Evidence
	for _, path := range []string{"status.phase", "status.reason", "status.message"} {
		if value, ok := field.Quote(s.pod.Object, path); ok && value != "" {
			proof = append(proof, evidence(s.pod, path, value, time.Time{}))
		}
	}
	return proof
}

// exited is a container of a pod that is not started again.
func (c container) exited(ended end) trouble {
	t := trouble{
		code: codeCrash, reason: ended.reason, container: c.name, vague: true, since: ended.at,
		soft:     c.owner.Kind == "Job", // which tries again, and says when it gives up
		message:  c.what() + " exited" + ended.words(),
		evidence: c.ended(ended),
		fixes:    []finding.Fix{{Text: "Read its log from before it exited", Command: c.logs(c.name, false)}},
	}
	if ended.reason == "OOMKilled" {
		return c.outOfMemory(t)
	}
	return t
}

// lingering is how long a pod may take to go, beyond the grace it was given.
const lingering = 5 * time.Minute

// leaving is a pod that is being deleted, which is nothing unless it never
// goes: its node is gone, or a finalizer holds it.
func (s podView) leaving() []trouble {
	at := s.pod.GetDeletionTimestamp()
	if at == nil {
		return nil
	}
	if s.x.now.Sub(at.Time) < lingering {
		return []trouble{{code: codePodFailed, reason: "Terminating", soft: true, since: at.Time,
			message: s.owner.String() + s.verb(" waits for an old pod to terminate", " is being deleted")}}
	}
	t := trouble{
		code: codePodFailed, reason: "Terminating", since: at.Time,
		message:  s.lingers(),
		evidence: []finding.Evidence{evidence(s.pod, "metadata.deletionTimestamp", at.UTC().Format(time.RFC3339), at.Time)},
		fixes:    []finding.Fix{{Text: "Check what blocks its deletion", Command: s.describe()}},
	}
	for _, finalizer := range s.pod.GetFinalizers() {
		t.evidence = append(t.evidence, evidence(s.pod, "metadata.finalizers", finalizer, time.Time{}))
	}
	for _, bad := range s.onBadNode() {
		t.blame = bad.blame
	}
	return []trouble{t}
}

// lingers is a pod that does not go, in a sentence.
func (s podView) lingers() string {
	if s.alone() {
		return s.owner.String() + " is being deleted, but still exists long after its grace period"
	}
	return fmt.Sprintf("%s waits for pod %s, which still exists long after its grace period", s.owner, s.pod.GetName())
}

// onBadNode is a pod on a node that does not answer: whatever the pod's status
// says is old.
func (s podView) onBadNode() []trouble {
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
