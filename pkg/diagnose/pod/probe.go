package pod

import (
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/pods"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// recentTermination is how long ago a container may have terminated for that to be why it
// is not ready: a kubelet waits at most five minutes between two starts (kubernetes
// v1.36, pkg/kubelet/kubelet.go, MaxCrashLoopBackOff).
const recentTermination = 10 * time.Minute

// notReady reports a container that is running but not ready: it was killed recently, or
// a probe fails.
func notReady(c pods.Container, ended pods.ContainerExit) pods.Problem {
	if ended.Path != "" && c.X.Now.Sub(ended.At) < recentTermination && (ended.Reason == "OOMKilled" || ended.Code != 0) {
		return crashed(c, ended)
	}
	since := object.Time(c.Status, "state", "running", "startedAt")
	t := pods.Problem{Code: engine.CodeProbeFailed, Reason: "Unhealthy", MayBeTemporary: true, Unexplained: true, Since: since}
	probe, ok := c.Event("Unhealthy")
	if !ok {
		t.Code, t.Reason = engine.CodeNotReadyForUnknown, "ContainersNotReady"
		t.Message = c.Description() + " is running but not ready yet"
		t.Evidence = c.State("ready", since)
		t.Fixes = []finding.Fix{{Text: "Read its log", Command: c.Logs(c.Name, false)}}
		return t
	}
	proof, first := c.EventProof("Unhealthy")
	t.Since = first
	t.Evidence = append(c.State("ready", since), proof...)
	t.Message = c.Description() + " is running, but " + probeWords(c, probe.Message)
	t.Fixes = []finding.Fix{{Text: "Read its log", Command: c.Logs(c.Name, false)}}
	probeAdvice(c, &t, probe.Message)
	return t
}

// probeWords turn the kubelet's "Readiness probe failed: …" into a clause.
func probeWords(c pods.Container, message string) string {
	parsed, ok := c.X.Message(message).Container()
	if !ok || parsed.Probe == "" {
		return "its probe fails: " + health.FirstLine(message)
	}
	text := "its " + strings.ToLower(parsed.Probe) + " probe fails"
	if detail := health.FirstLine(parsed.Detail); detail != "" {
		text += ": " + detail
	}
	return text
}

// killedByProbe reports whether the kubelet killed the container because its liveness or
// startup probe failed.
func killedByProbe(c pods.Container, ended pods.ContainerExit) (health.Warning, bool) {
	if ended.Code != 137 && ended.Code != 143 && ended.Code != 0 {
		return health.Warning{}, false
	}
	for _, e := range c.Events {
		parsed, _ := c.X.Message(e.Message).Container()
		if e.Reason == "Unhealthy" && (parsed.Probe == "Liveness" || parsed.Probe == "Startup") {
			return e, true
		}
	}
	return health.Warning{}, false
}

// killed reports a container that the kubelet restarts because of a probe.
func killed(c pods.Container, t pods.Problem, probe health.Warning) pods.Problem {
	t.Code, t.Reason = engine.CodeProbeFailed, "Unhealthy"
	t.Message = c.Description() + " is repeatedly restarted because " + probeWords(c, probe.Message)
	t.Fixes = []finding.Fix{{Text: "Read the log of the previous container instance", Command: c.Logs(c.Name, true)}}
	if !stillStarting(c, &t, c.LastTermination(), probe.Message) {
		probeAdvice(c, &t, probe.Message)
	}
	return t
}

// initRunning reports a running init container: many wait for something.
func initRunning(c pods.Container) (pods.Problem, bool) {
	since := object.Time(c.Status, "state", "running", "startedAt")
	if object.Map(c.Status, "state", "running") == nil {
		return pods.Problem{}, false
	}
	return pods.Problem{
		Code: engine.CodeNotReadyForUnknown, Reason: "ContainersNotInitialized", MayBeTemporary: true, Unexplained: true, Since: since,
		Message:  c.Description() + " has not completed",
		Evidence: c.State("state.running.startedAt", since),
		Fixes:    []finding.Fix{{Text: "Check in its log what it waits for", Command: c.Logs(c.Name, false)}},
	}, true
}

// CheckReadinessGates reports a readiness gate of the pod that is not ready; a controller has
// to set its condition (spec.readinessGates).
func CheckReadinessGates(s pods.View) []pods.Problem {
	for _, gate := range object.List(s.Pod.Object, "spec", "readinessGates") {
		kind := object.Text(gate, "conditionType")
		if c := object.ConditionOf(s.Pod, kind); c.Status != "True" && object.ConditionOf(s.Pod, "ContainersReady").Status == "True" {
			return []pods.Problem{{
				Code: engine.CodeNotReadyForUnknown, Reason: "ReadinessGatesNotReady", MayBeTemporary: true, Since: c.Since,
				Message:  s.Owner.String() + " waits for its readiness gate " + kind,
				Evidence: []finding.Evidence{engine.ProofOf(s.Pod, c)},
			}}
		}
	}
	return nil
}

// CheckStarting reports a pod whose containers are still being created: its image is being
// pulled, or a volume is being mounted.
func CheckStarting(s pods.View) []pods.Problem {
	for _, status := range object.List(s.Pod.Object, "status", "containerStatuses") {
		reason := object.Text(status, "state", "waiting", "reason")
		if !pods.StartingReasons[reason] {
			continue
		}
		since := s.Pod.GetCreationTimestamp().Time
		c := pods.Container{View: s, Name: object.Text(status, "name"), List: "containers", Status: status, Live: "status.containerStatuses"}
		return []pods.Problem{{
			Code: engine.CodeNotReadyForUnknown, Reason: reason, Container: c.Name, MayBeTemporary: true, Since: since,
			Message:  c.Description() + " is still being created",
			Evidence: c.Waiting(),
			Fixes:    []finding.Fix{{Text: "Check what it waits for", Command: s.Describe()}},
		}}
	}
	return nil
}
