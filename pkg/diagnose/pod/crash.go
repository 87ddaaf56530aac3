package pod

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/pods"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// crashThreshold is the number of restarts from which a crashing container counts as a
// failure: one or two restarts are common at the first start.
const crashThreshold = 3

// crashed reports a container that repeatedly exits.
func crashed(c pods.Container, ended pods.ContainerExit) pods.Problem {
	restarts := object.Int(c.Status, "restartCount")
	t := pods.Problem{
		Code: engine.CodeCrash, Reason: cmp.Or(object.Text(c.Status, "state", "waiting", "reason"), ended.Reason, "CrashLoopBackOff"), Unexplained: true, Since: ended.At,
		MayBeTemporary: restarts < crashThreshold && c.List == "containers",
	}
	t.Evidence = append(c.Waiting(), c.TerminationProof(ended)...)
	t.Evidence = append(t.Evidence, c.State("restartCount", time.Time{})...)
	proof, since := c.EventProof("BackOff", "Killing", "Unhealthy")
	t.Evidence = append(t.Evidence, proof...)
	if len(proof) > 0 {
		t.Since = since
	}
	if ended.Reason == "OOMKilled" {
		return outOfMemory(c, t)
	}
	if unable, ok := cannotRun(c, t, ended.Message); ok {
		return unable
	}
	if probe, ok := killedByProbe(c, ended); ok {
		return killed(c, t, probe)
	}
	verb := "repeatedly exits"
	if restarts == 0 {
		verb = "exited"
	}
	t.Message = fmt.Sprintf("%s %s%s", c.Description(), verb, description(ended))
	t.Fixes = []finding.Fix{{Text: "Read the log of the previous container instance", Command: c.Logs(c.Name, true)}}
	return t
}

// description describes a termination, for the end of a sentence.
func description(e pods.ContainerExit) string {
	text := ""
	switch {
	case e.Path == "":
		return text
	case e.Code == 0:
		text = ", without an error (exit code 0)"
	case exitCodeMeanings[e.Code] != "":
		text = fmt.Sprintf(" with exit code %d: %s", e.Code, exitCodeMeanings[e.Code])
	default:
		text = fmt.Sprintf(" with exit code %d", e.Code)
	}
	if line := engine.LastLine(e.Message); line != "" {
		text += ": " + line
	}
	return text
}

// exitCodeMeanings are the meanings of exit codes of shells and kernels.
var exitCodeMeanings = map[int64]string{
	126: "its command can't be run", 127: "its command does not exist",
	128: "it could not be started", 134: "it aborted", 137: "it was killed", 139: "it crashed with a segmentation fault", 143: "it was told to terminate",
}

// outOfMemory reports a container that was killed at its memory limit. It takes
// precedence over the back-off that follows.
func outOfMemory(c pods.Container, t pods.Problem) pods.Problem {
	t.Code, t.Reason, t.Unexplained, t.MayBeTemporary = engine.CodeOOMKilled, "OOMKilled", false, false
	limit := pods.TextAt(c.Spec, "resources", "limits", "memory")
	if limit == "" {
		t.Message = c.Description() + " is repeatedly killed because its node runs out of memory"
		t.Fixes = []finding.Fix{{Text: "Set a memory request for the container, or add memory to the node", File: flux.File(c.X, c.Work, c.Field("resources.requests.memory"))}}
		return t
	}
	t.Setting = c.Path("resources.limits.memory")
	t.Evidence = append(c.Setting("resources.limits.memory"), t.Evidence...)
	t.Message = fmt.Sprintf("%s is repeatedly killed because it needs more memory than its limit of %s", c.Description(), limit)
	t.Fixes = []finding.Fix{{
		Text: "Raise the container's memory limit", File: flux.File(c.X, c.Work, c.Field("resources.limits.memory")), Command: flux.ApplyCommand(c.X, c.Work),
	}}
	if t.Fixes[0].File == "" && t.Fixes[0].Command == "" {
		doubleLimit(c, &t.Fixes[0], limit)
	}
	return t
}

// doubleLimit is the command that doubles the memory limit of a workload that is not
// known to come from Git or Helm.
func doubleLimit(c pods.Container, fix *finding.Fix, limit string) {
	twice, err := resource.ParseQuantity(limit)
	if err != nil || c.Work == nil || c.List != "containers" || c.Work.GetKind() == object.JobKind.Kind || !slices.Contains(engine.WorkloadKinds, object.RefOf(c.Work).GroupKind()) {
		return
	}
	twice.Add(twice)
	fix.Text += ", for example to twice as much; change the manifest that it comes from as well"
	fix.Command = escape.Command("kubectl set resources %s %s -n %s -c %s --limits=memory=%s",
		engine.ResourceOf(c.Owner), c.Owner.Name, c.Owner.Namespace, c.Name, twice.String())
}

// notStarted reports a container that the runtime can't start.
func notStarted(c pods.Container, reason string) pods.Problem {
	words := health.FirstLine(object.Text(c.Status, "state", "waiting", "message"))
	proof, since := c.EventProof("Failed", "FailedPostStartHook", "FailedPreStopHook")
	t := pods.Problem{
		Code: engine.CodeContainerFailed, Reason: reason, Since: since, Evidence: append(c.Waiting(), proof...),
		Message: c.Description() + " can't be started",
		Fixes:   []finding.Fix{{Text: "Check why it could not be started", Command: c.Describe()}},
	}
	if words != "" {
		t.Message += ": " + words
	}
	if ended := c.LastTermination(); ended.Reason == "OOMKilled" {
		return outOfMemory(c, t)
	}
	if unable, ok := cannotRun(c, t, object.Text(c.Status, "state", "waiting", "message")); ok {
		return unable
	}
	return t
}
