package diagnose

import (
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// recent is how long ago a container may have ended for that to be why it is
// not ready now: a kubelet waits five minutes at most between two starts
// (kubernetes v1.36, pkg/kubelet/kubelet.go, MaxCrashLoopBackOff).
const recent = 10 * time.Minute

// notReady is a container that runs and is not ready: it was killed a moment
// ago, or a probe fails.
func (c container) notReady(ended end) trouble {
	if ended.path != "" && c.x.now.Sub(ended.at) < recent && (ended.reason == "OOMKilled" || ended.code != 0) {
		return c.crashed(ended)
	}
	since := field.Time(c.status, "state", "running", "startedAt")
	t := trouble{code: codeProbeFailed, reason: "Unhealthy", soft: true, vague: true, since: since}
	probe, ok := c.event("Unhealthy")
	if !ok {
		t.code, t.reason = codeNotReadyForUnknown, "ContainersNotReady"
		t.message = c.what() + " is running but not ready yet"
		t.evidence = c.state("ready", since)
		t.fixes = []finding.Fix{{Text: "Read its log", Command: c.logs(c.name, false)}}
		return t
	}
	proof, first := c.said("Unhealthy")
	t.since = first
	t.evidence = append(c.state("ready", since), proof...)
	t.message = c.what() + " is running, but " + c.probeWords(probe.Message)
	t.fixes = []finding.Fix{{Text: "Read its log", Command: c.logs(c.name, false)}}
	c.probeAdvice(&t, probe.Message)
	return t
}

// probeWords turn a kubelet's "Readiness probe failed: …" into a clause.
func (c container) probeWords(message string) string {
	said, ok := c.x.message(message).Container()
	if !ok || said.Probe == "" {
		return "its probe fails: " + firstLine(message)
	}
	text := "its " + strings.ToLower(said.Probe) + " probe fails"
	if detail := firstLine(said.Detail); detail != "" {
		text += ": " + detail
	}
	return text
}

// killedByProbe tells whether it was the kubelet that ended the container,
// because its liveness or startup probe failed.
func (c container) killedByProbe(ended end) (health.Warning, bool) {
	if ended.code != 137 && ended.code != 143 && ended.code != 0 {
		return health.Warning{}, false
	}
	for _, e := range c.events {
		said, _ := c.x.message(e.Message).Container()
		if e.Reason == "Unhealthy" && (said.Probe == "Liveness" || said.Probe == "Startup") {
			return e, true
		}
	}
	return health.Warning{}, false
}

// killed is a container that its kubelet restarts because of a probe.
func (c container) killed(t trouble, probe health.Warning) trouble {
	t.code, t.reason = codeProbeFailed, "Unhealthy"
	t.message = c.what() + " is repeatedly restarted because " + c.probeWords(probe.Message)
	t.fixes = []finding.Fix{{Text: "Read its log from before the restart", Command: c.logs(c.name, true)}}
	if !c.stillStarting(&t, c.lastEnd(), probe.Message) {
		c.probeAdvice(&t, probe.Message)
	}
	return t
}

// waitsInside is an init container that runs: many wait there for something.
func (c container) waitsInside() (trouble, bool) {
	since := field.Time(c.status, "state", "running", "startedAt")
	if field.Map(c.status, "state", "running") == nil {
		return trouble{}, false
	}
	return trouble{
		code: codeNotReadyForUnknown, reason: "ContainersNotInitialized", soft: true, vague: true, since: since,
		message:  c.what() + " has not completed",
		evidence: c.state("state.running.startedAt", since),
		fixes:    []finding.Fix{{Text: "Check in its log what it waits for", Command: c.logs(c.name, false)}},
	}, true
}

// unready are a pod's gates that somebody else has to open (spec.readinessGates).
func (s podView) unready() []trouble {
	for _, gate := range field.List(s.pod.Object, "spec", "readinessGates") {
		kind := field.Text(gate, "conditionType")
		if c := field.ConditionOf(s.pod, kind); c.Status != "True" && field.ConditionOf(s.pod, "ContainersReady").Status == "True" {
			return []trouble{{
				code: codeNotReadyForUnknown, reason: "ReadinessGatesNotReady", soft: true, since: c.Since,
				message:  s.owner.String() + " waits for its readiness gate " + kind,
				evidence: []finding.Evidence{proofOf(s.pod, c)},
			}}
		}
	}
	return nil
}

// starting is a pod whose containers are still being made: its image is on its
// way, or a volume.
func (s podView) starting() []trouble {
	for _, status := range field.List(s.pod.Object, "status", "containerStatuses") {
		reason := field.Text(status, "state", "waiting", "reason")
		if !startingReasons[reason] {
			continue
		}
		since := s.pod.GetCreationTimestamp().Time
		c := container{podView: s, name: field.Text(status, "name"), list: "containers", status: status, live: "status.containerStatuses"}
		return []trouble{{
			code: codeNotReadyForUnknown, reason: reason, container: c.name, soft: true, since: since,
			message:  c.what() + " is still being created",
			evidence: c.waiting(),
			fixes:    []finding.Fix{{Text: "Check what it waits for", Command: s.describe()}},
		}}
	}
	return nil
}
