package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// containerExit is how a container terminated.
type containerExit struct {
	reason, message string
	code            int64
	at              time.Time
	// path is its path in the container's status.
	path string
}

// lastTermination is how the container last terminated; its reason is empty if it never
// did.
func (c container) lastTermination() containerExit {
	for _, path := range []string{"state", "lastState"} {
		if ended := field.Map(c.status, path, "terminated"); ended != nil {
			return containerExit{
				reason: field.Text(ended, "reason"), message: strings.TrimSpace(field.Text(ended, "message")),
				code: field.Int(ended, "exitCode"), at: field.Time(ended, "finishedAt"), path: path + ".terminated",
			}
		}
	}
	return containerExit{}
}

// crashThreshold is the number of restarts from which a crashing container counts as a
// failure: one or two restarts are common at the first start.
const crashThreshold = 3

// crashed reports a container that repeatedly exits.
func (c container) crashed(ended containerExit) trouble {
	restarts := field.Int(c.status, "restartCount")
	t := trouble{
		code: codeCrash, reason: cmp.Or(field.Text(c.status, "state", "waiting", "reason"), ended.reason, "CrashLoopBackOff"), vague: true, since: ended.at,
		soft: restarts < crashThreshold && c.list == "containers",
	}
	t.evidence = append(c.waiting(), c.terminationProof(ended)...)
	t.evidence = append(t.evidence, c.state("restartCount", time.Time{})...)
	proof, since := c.eventProof("BackOff", "Killing", "Unhealthy")
	t.evidence = append(t.evidence, proof...)
	if len(proof) > 0 {
		t.since = since
	}
	if ended.reason == "OOMKilled" {
		return c.outOfMemory(t)
	}
	if unable, ok := c.cannotRun(t, ended.message); ok {
		return unable
	}
	if probe, ok := c.killedByProbe(ended); ok {
		return c.killed(t, probe)
	}
	verb := "repeatedly exits"
	if restarts == 0 {
		verb = "exited"
	}
	t.message = fmt.Sprintf("%s %s%s", c.description(), verb, ended.description())
	t.fixes = []finding.Fix{{Text: "Read its log from before it exited", Command: c.logs(c.name, true)}}
	return t
}

// description describes a termination, for the end of a sentence.
func (e containerExit) description() string {
	text := ""
	switch {
	case e.path == "":
		return text
	case e.code == 0:
		text = ", without an error (exit code 0)"
	case exitCodeMeanings[e.code] != "":
		text = fmt.Sprintf(" with exit code %d: %s", e.code, exitCodeMeanings[e.code])
	default:
		text = fmt.Sprintf(" with exit code %d", e.code)
	}
	if said := lastLine(e.message); said != "" {
		text += ": " + said
	}
	return text
}

// exitCodeMeanings are the meanings of exit codes of shells and kernels.
var exitCodeMeanings = map[int64]string{
	126: "its command can't be run", 127: "its command does not exist",
	128: "it could not be started", 134: "it aborted", 137: "it was killed", 139: "it crashed with a segmentation fault", 143: "it was told to terminate",
}

// lastLine is the last line of a container's message, which contains the error.
func lastLine(message string) string {
	lines := strings.Split(strings.TrimSpace(message), "\n")
	return firstLine(lines[len(lines)-1])
}

// outOfMemory reports a container that was killed at its memory limit. It takes
// precedence over the back-off that follows.
func (c container) outOfMemory(t trouble) trouble {
	t.code, t.reason, t.vague, t.soft = codeOOMKilled, "OOMKilled", false, false
	limit := textAt(c.spec, "resources", "limits", "memory")
	if limit == "" {
		t.message = c.description() + " is repeatedly killed because its node runs out of memory"
		t.fixes = []finding.Fix{{Text: "Set a memory request for the container, or add memory to the node", File: c.x.file(c.work, c.field("resources.requests.memory"))}}
		return t
	}
	t.setting = c.path("resources.limits.memory")
	t.evidence = append(c.setting("resources.limits.memory"), t.evidence...)
	t.message = fmt.Sprintf("%s is repeatedly killed because it needs more memory than its limit of %s", c.description(), limit)
	t.fixes = []finding.Fix{{
		Text: "Raise the container's memory limit", File: c.x.file(c.work, c.field("resources.limits.memory")), Command: c.x.applyNow(c.work),
	}}
	if t.fixes[0].File == "" && t.fixes[0].Command == "" {
		c.doubleLimit(&t.fixes[0], limit)
	}
	return t
}

// doubleLimit is the command that doubles the memory limit of a workload that is not
// known to come from Git or Helm.
func (c container) doubleLimit(fix *finding.Fix, limit string) {
	twice, err := resource.ParseQuantity(limit)
	if err != nil || c.work == nil || c.list != "containers" || c.work.GetKind() == jobKind.Kind || !slices.Contains(workloadKinds, finding.RefOf(c.work).GroupKind()) {
		return
	}
	twice.Add(twice)
	fix.Text += ", for example to twice as much; change the manifest that it comes from as well"
	fix.Command = escape.Command("kubectl set resources %s %s -n %s -c %s --limits=memory=%s",
		resourceOf(c.owner), c.owner.Name, c.owner.Namespace, c.name, twice.String())
}

// notStarted reports a container that the runtime can't start.
func (c container) notStarted(reason string) trouble {
	words := firstLine(field.Text(c.status, "state", "waiting", "message"))
	proof, since := c.eventProof("Failed", "FailedPostStartHook", "FailedPreStopHook")
	t := trouble{
		code: codeContainerFailed, reason: reason, since: since, evidence: append(c.waiting(), proof...),
		message: c.description() + " can't be started",
		fixes:   []finding.Fix{{Text: "Check why it could not be started", Command: c.describe()}},
	}
	if words != "" {
		t.message += ": " + words
	}
	if ended := c.lastTermination(); ended.reason == "OOMKilled" {
		return c.outOfMemory(t)
	}
	if unable, ok := c.cannotRun(t, field.Text(c.status, "state", "waiting", "message")); ok {
		return unable
	}
	return t
}
