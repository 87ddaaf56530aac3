package diagnose

import (
	"fmt"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
)

// fallback is all that is known when nothing deeper shows: the first failure
// that is on record, and that the rest was removed, if it was.
func (r release) fallback(timedOut bool) {
	f := r.finding(codeReleaseFailed, r.exam.verdict.Reason, "")
	text := r.exam.verdict.Message
	if first, ok := r.firstFailure(); ok {
		f.Reason, text = first.reason, first.text
		if !first.at.IsZero() {
			f.Since = first.at
		}
		f.Evidence = append(f.Evidence, first.proof)
	}
	parsed, _ := fluxmsg.ParseHelm(text)
	what := map[string]string{"upgrade": "be upgraded", "test": "pass its tests"}[parsed.Action]
	if what == "" {
		what = "be installed"
	}
	f.Message = fmt.Sprintf("%s could not %s: %s", f.Ref, what, firstLine(text))
	fix := finding.Fix{Text: helmFix(parsed, text), File: r.x.definedIn(r.obj)}
	if timedOut {
		f.Code = codeReleaseTimedOut
	}
	if r.removed() {
		f.Code = codeReleaseRemoved
		f.Message += "; Flux has taken the failed release away again, and its pods with it"
		for _, entry := range field.List(r.obj.Object, "status", "history") {
			f.Evidence = append(f.Evidence, evidence(r.obj, "status.history", fmt.Sprintf("revision %d of chart %s %s: %s",
				field.Int(entry, "version"), field.Text(entry, "chartName"), field.Text(entry, "chartVersion"), field.Text(entry, "status")), field.Time(entry, "firstDeployed")))
			break
		}
	}
	f.Fixes = []finding.Fix{fix, r.retry()}
	r.exam.fallback = append(r.exam.fallback, f)
}

// firstFailure is the oldest failure of Helm's own that is on record; what was
// done about it (a rollback, an uninstall, giving up) came after.
func (r release) firstFailure() (first words, ok bool) {
	for _, w := range r.said() {
		failed := strings.HasSuffix(w.reason, "Failed") && w.reason != "UninstallFailed" && w.reason != "RollbackFailed"
		if failed && (!ok || !w.at.IsZero() && w.at.Before(first.at)) {
			first, ok = w, true
		}
	}
	return first, ok
}

// helmFix is what to do about a failure that Helm itself explains.
func helmFix(parsed fluxmsg.Helm, text string) string {
	switch {
	case parsed.Problem == fluxmsg.HelmSchema:
		return "Correct spec.values: the chart's schema does not allow them"
	case parsed.Problem == fluxmsg.HelmNameInUse:
		return "Uninstall the release that has the name, or choose another spec.releaseName"
	case parsed.Problem == fluxmsg.HelmPending:
		return "Wait for the other operation; if it was cut off, roll the release back with Helm, which takes its lock away"
	case parsed.Problem == fluxmsg.HelmKubernetesVersion:
		return "Ask for a version of the chart that is for this Kubernetes"
	case strings.Contains(text, "post-render") || strings.Contains(text, "post render") || strings.Contains(text, "postrender"):
		return "Mend spec.postRenderers"
	}
	return "Install it once without taking it away, to see its pods: set spec.install.remediation.retries to 0"
}

// removed tells whether remediation has uninstalled the release.
func (r release) removed() bool {
	remediated := conditionOf(r.obj, "Remediated")
	history := field.List(r.obj.Object, "status", "history")
	return remediated.status == "True" && strings.HasPrefix(remediated.reason, "Uninstall") ||
		len(history) > 0 && field.Text(history[0], "status") == "uninstalled"
}
