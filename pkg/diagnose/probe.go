package diagnose

import (
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
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
		t.message = c.what() + " runs and is not ready yet"
		t.evidence = []finding.Evidence{c.state("ready", "false", since)}
		t.fixes = []finding.Fix{{Text: "Read what it says", Command: c.logs(c.name, false)}}
		return t
	}
	proof, first := c.said("Unhealthy")
	t.since = first
	t.evidence = append([]finding.Evidence{c.state("ready", "false", since)}, proof...)
	t.message = c.what() + " runs, but " + probeWords(probe.message)
	t.fixes = []finding.Fix{{Text: "Read what it says", Command: c.logs(c.name, false)}}
	return t
}

// probeWords turn a kubelet's "Readiness probe failed: …" into a clause.
func probeWords(message string) string {
	said, ok := fluxmsg.ParseContainer(message)
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
func (c container) killedByProbe(ended end) (event, bool) {
	if ended.code != 137 && ended.code != 143 && ended.code != 0 {
		return event{}, false
	}
	for _, e := range c.events {
		said, _ := fluxmsg.ParseContainer(e.message)
		if e.reason == "Unhealthy" && (said.Probe == "Liveness" || said.Probe == "Startup") {
			return e, true
		}
	}
	return event{}, false
}

// killed is a container that its kubelet starts anew because of a probe.
func (c container) killed(t trouble, probe event) trouble {
	t.code, t.reason = codeProbeFailed, "Unhealthy"
	t.message = c.what() + " is started anew again and again, because " + probeWords(probe.message)
	t.fixes = []finding.Fix{{Text: "Read what it said before, or give the probe more time", Command: c.logs(c.name, true)}}
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
		message:  c.what() + " has not come to its end",
		evidence: []finding.Evidence{c.state("state.running.startedAt", since.Format(time.RFC3339), since)},
		fixes:    []finding.Fix{{Text: "Read what it waits for", Command: c.logs(c.name, false)}},
	}, true
}

// unready are a pod's gates that somebody else has to open (spec.readinessGates).
func (s podView) unready() []trouble {
	for _, gate := range field.List(s.pod.Object, "spec", "readinessGates") {
		kind := field.Text(gate, "conditionType")
		if c := conditionOf(s.pod, kind); c.status != "True" && conditionOf(s.pod, "ContainersReady").status == "True" {
			return []trouble{{
				code: codeNotReadyForUnknown, reason: "ReadinessGatesNotReady", soft: true, since: c.since,
				message:  s.owner.String() + " waits for its readiness gate " + kind,
				evidence: []finding.Evidence{evidence(s.pod, c.field(), c.status+" "+c.reason+": "+c.message, c.since)},
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
			message:  c.what() + " is still being made",
			evidence: []finding.Evidence{c.waiting(reason)},
			fixes:    []finding.Fix{{Text: "See what it waits for", Command: s.describe()}},
		}}
	}
	return nil
}
