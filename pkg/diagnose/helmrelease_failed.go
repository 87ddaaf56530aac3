package diagnose

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// fallback is what is known if no deeper cause is found: the first recorded failure,
// and whether the release was uninstalled.
func (r release) fallback(timedOut bool) {
	f := r.finding(codeReleaseFailed, string(r.exam.verdict.Reason), "")
	text := r.exam.verdict.Message
	if first, ok := r.firstFailure(); ok {
		f.Reason, text = first.reason, first.text
		if !first.at.IsZero() {
			f.Since = first.at
		}
		f.Evidence = withProof(f.Evidence, first.proof)
	}
	parsed, _ := r.x.message(text).Helm()
	what := map[string]string{"upgrade": "be upgraded", "test": "pass its tests", "rollback": "be rolled back",
		"uninstall": "be uninstalled", "uninstall remediation": "be uninstalled"}[parsed.Action]
	if what == "" {
		what = "be installed"
	}
	f.Message = fmt.Sprintf("%s could not %s: %s", f.Ref, what, firstLine(text))
	f.Fixes = r.failedFixes(parsed, timedOut)
	if timedOut {
		f.Code = codeReleaseTimedOut
	}
	stalled := field.ConditionOf(r.obj, "Stalled")
	switch {
	case r.removed():
		f.Code = codeReleaseRemoved
		f.Message += "; Flux has uninstalled the failed release and its pods"
		if history := field.List(r.obj.Object, "status", "history"); len(history) > 0 {
			f.Evidence = withProof(f.Evidence, evidence(r.obj, "status.history[0].status", field.Text(history[0], "status"), field.Time(history[0], "firstDeployed")))
		}
	case stalled.Status == "True" && stalled.Reason == "MissingRollbackTarget":
		f.Code = codeRollbackTarget
		f.Message += "; Flux cannot roll it back, because Helm does not have the revision to roll back to"
		r.rollbackTarget(&f)
	}
	if lost, ok := r.lostRevision(); ok && f.Code == codeReleaseFailed {
		f.Code = codeRollbackTarget
		f.Evidence = withProof(f.Evidence, lost.proof)
		f.Message += "; Helm does not have the revision that Flux needs to roll back to or to uninstall"
		f.Fixes = []finding.Fix{r.history("List the revisions that Helm has stored")}
		r.rollbackTarget(&f)
	}
	if retry := r.retry(); !slices.ContainsFunc(f.Fixes, func(fix finding.Fix) bool { return fix.Command == retry.Command }) {
		f.Fixes = append(f.Fixes, retry)
	}
	r.exam.fallback = append(r.exam.fallback, f)
}

// rollbackTarget names the record that Flux would roll back to if Helm does not have
// it, and another one that Helm has.
func (r release) rollbackTarget(f *finding.Finding) {
	if history := field.List(r.obj.Object, "status", "history"); len(history) > 1 {
		target := coreRef(secretKind.Kind, r.storage(), fmt.Sprintf("%s%s.v%d", recordPrefix, r.helmName(), field.Int(history[1], "version")))
		if len(r.records()) > 0 && r.x.snap.Lookup(target).Presence == snapshot.Absent { // else Helm's records were not read
			f.Evidence = withProof(f.Evidence, finding.Evidence{Ref: target, Field: "object", Value: "does not exist"})
		}
	}
	if good, ok := r.deployed(0); ok {
		f.Evidence = withProof(f.Evidence, good.proof())
		f.Fixes = append(f.Fixes, finding.Fix{Text: fmt.Sprintf("To restore revision %d, which is deployed, roll back with Helm", good.version),
			Command: r.helmCommand("rollback", strconv.Itoa(good.version))})
	}
}

// firstFailure is the oldest recorded failure of Helm; the reactions to it (a rollback,
// an uninstall, the end of retries) came later.
func (r release) firstFailure() (first statement, ok bool) {
	for _, w := range r.statements() {
		failed := strings.HasSuffix(w.reason, "Failed") && w.reason != "UninstallFailed" && w.reason != "RollbackFailed"
		if failed && (!ok || !w.at.IsZero() && w.at.Before(first.at)) {
			first, ok = w, true
		}
	}
	return first, ok
}

// failedFixes are the fixes for a failure that Helm explains; otherwise what to inspect
// next. If Flux has uninstalled the release, nothing is left to inspect until a failed
// release is kept.
func (r release) failedFixes(parsed fluxmsg.Helm, timedOut bool) []finding.Fix {
	switch parsed.Problem {
	case fluxmsg.HelmKubernetesVersion:
		return []finding.Fix{{Text: "Use a version of the chart that supports this version of Kubernetes", Command: r.showChart("chart"), File: r.x.definedIn(r.obj)}}
	}
	if strings.Contains(parsed.Cause, recordPrefix) && strings.Contains(parsed.Cause, "Too long") {
		return []finding.Fix{{Text: "Reduce the size of the chart: Helm stores it in one Secret of at most 1 MiB; exclude files in the .helmignore of the chart", Command: r.showChart("chart")}}
	}
	if timedOut && !r.removed() {
		return r.waitFixes()
	}
	if r.removed() && timedOut {
		return []finding.Fix{{Text: "Set spec.install.remediation.retries to 0, so that the failed release and its pods are kept", File: r.x.definedIn(r.obj)}}
	}
	return r.inspect()
}

// removed reports whether remediation has uninstalled the release.
func (r release) removed() bool {
	remediated := field.ConditionOf(r.obj, "Remediated")
	history := field.List(r.obj.Object, "status", "history")
	return remediated.Status == "True" && strings.HasPrefix(remediated.Reason, "Uninstall") ||
		len(history) > 0 && field.Text(history[0], "status") == "uninstalled"
}

// waitFixes are the fixes for a wait that timed out although no installed object is
// known to have a problem. "client rate limiter Wait returned an error" means the same:
// the timeout expired while the client waited for its turn.
func (r release) waitFixes() []finding.Fix {
	fixes := []finding.Fix{
		{Text: "Check which of its objects are not ready", Command: escape.Command("kubectl get pods,jobs -n %s -l app.kubernetes.io/instance=%s", r.target(), r.helmName())},
		r.inspect()[0],
	}
	installed, ready := r.workloads()
	switch {
	case len(installed) == 0 || !ready:
	case r.stalled():
		fixes[0] = finding.Fix{Text: fmt.Sprintf("If it fails again because it takes longer than spec.timeout (%s), raise the timeout", health.ActionTimeout(r.obj)), File: r.x.definedIn(r.obj)}
		fixes = slices.Insert(fixes, 0, finding.Fix{Text: fmt.Sprintf("Retry: what it installed is ready now (%s), but Flux has no retry left", namesOf(installed)), Command: r.retry().Command})
	default:
		fixes = slices.Insert(fixes, 0, finding.Fix{Text: fmt.Sprintf("What it installed is ready now (%s): if it takes longer than spec.timeout (%s), raise the timeout",
			namesOf(installed), health.ActionTimeout(r.obj)), File: r.x.definedIn(r.obj)})
	}
	return fixes
}

// workloads are the installed workloads, and whether all their pods are ready.
func (r release) workloads() (found []*unstructured.Unstructured, ready bool) {
	ready = true
	for _, kind := range workloadKinds {
		for _, obj := range r.x.snap.List(kind, r.target()).Objects {
			if r.owns(obj) {
				found = append(found, obj)
				has, wanted := health.Replicas(obj)
				ready = ready && has >= wanted
			}
		}
	}
	return found, ready
}
