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

// end is how a container ended.
type end struct {
	reason, message string
	code            int64
	at              time.Time
	// path is where that stands in the container's status.
	path string
}

// lastEnd is how the container last ended; its reason is empty when it never
// did.
func (c container) lastEnd() end {
	for _, path := range []string{"state", "lastState"} {
		if ended := field.Map(c.status, path, "terminated"); ended != nil {
			return end{
				reason: field.Text(ended, "reason"), message: strings.TrimSpace(field.Text(ended, "message")),
				code: field.Int(ended, "exitCode"), at: field.Time(ended, "finishedAt"), path: path + ".terminated",
			}
		}
	}
	return end{}
}

// impatient is how often a container must have been started anew before that
// counts as a failure: at first start, one or two tries are common.
const impatient = 3

// crashed is a container that ends again and again.
func (c container) crashed(ended end) trouble {
	restarts := field.Int(c.status, "restartCount")
	t := trouble{
		code: codeCrash, reason: cmp.Or(field.Text(c.status, "state", "waiting", "reason"), ended.reason, "CrashLoopBackOff"), vague: true, since: ended.at,
		soft: restarts < impatient && c.list == "containers",
	}
	t.evidence = append(c.waiting(), c.ended(ended)...)
	t.evidence = append(t.evidence, c.state("restartCount", time.Time{})...)
	proof, since := c.said("BackOff", "Killing", "Unhealthy")
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
	t.message = fmt.Sprintf("%s %s%s", c.what(), verb, ended.words())
	t.fixes = []finding.Fix{{Text: "Read its log from before it exited", Command: c.logs(c.name, true)}}
	return t
}

// words describe an end, for the end of a sentence.
func (e end) words() string {
	text := ""
	switch {
	case e.path == "":
		return text
	case e.code == 0:
		text = ", without an error (exit code 0)"
	case meanings[e.code] != "":
		text = fmt.Sprintf(" with exit code %d: %s", e.code, meanings[e.code])
	default:
		text = fmt.Sprintf(" with exit code %d", e.code)
	}
	if said := lastWords(e.message); said != "" {
		text += ": " + said
	}
	return text
}

// meanings are those of the exit codes that shells and kernels give.
var meanings = map[int64]string{
	126: "its command can't be run", 127: "its command does not exist",
	128: "it could not be started", 134: "it aborted", 137: "it was killed", 139: "it crashed with a segmentation fault", 143: "it was asked to terminate",
}

// lastWords are the last line of what a container said: the error is there.
func lastWords(message string) string {
	lines := strings.Split(strings.TrimSpace(message), "\n")
	return firstLine(lines[len(lines)-1])
}

// outOfMemory is a container that was killed at its limit. It wins over the
// back-off that follows.
func (c container) outOfMemory(t trouble) trouble {
	t.code, t.reason, t.vague, t.soft = codeOOMKilled, "OOMKilled", false, false
	limit := textAt(c.spec, "resources", "limits", "memory")
	if limit == "" {
		t.message = c.what() + " is repeatedly killed because its node runs out of memory"
		t.fixes = []finding.Fix{{Text: "Set a memory request for the container, or add memory to the node", File: c.x.file(c.work, c.field("resources.requests.memory"))}}
		return t
	}
	t.setting = c.path("resources.limits.memory")
	t.evidence = append(c.setting("resources.limits.memory"), t.evidence...)
	t.message = fmt.Sprintf("%s is repeatedly killed because it needs more memory than its limit of %s", c.what(), limit)
	t.fixes = []finding.Fix{{
		Text: "Raise the container's memory limit", File: c.x.file(c.work, c.field("resources.limits.memory")), Command: c.x.applyNow(c.work),
	}}
	if t.fixes[0].File == "" && t.fixes[0].Command == "" {
		c.doubleLimit(&t.fixes[0], limit)
	}
	return t
}

// doubleLimit is the command that raises the memory limit of a workload that is not
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

// notStarted is a container that a runtime refuses to start.
func (c container) notStarted(reason string) trouble {
	words := firstLine(field.Text(c.status, "state", "waiting", "message"))
	proof, since := c.said("Failed", "FailedPostStartHook", "FailedPreStopHook")
	t := trouble{
		code: codeContainerFailed, reason: reason, since: since, evidence: append(c.waiting(), proof...),
		message: c.what() + " can't be started",
		fixes:   []finding.Fix{{Text: "Check why it could not be started", Command: c.describe()}},
	}
	if words != "" {
		t.message += ": " + words
	}
	if ended := c.lastEnd(); ended.reason == "OOMKilled" {
		return c.outOfMemory(t)
	}
	if unable, ok := c.cannotRun(t, field.Text(c.status, "state", "waiting", "message")); ok {
		return unable
	}
	return t
}
