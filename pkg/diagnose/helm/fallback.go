package helm

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/message/helm"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// fallback is what is known if no deeper cause is found: the first recorded failure,
// and whether the release was uninstalled.
func fallback(r flux.Release, timedOut bool) {
	f := releaseFinding(r, engine.CodeReleaseFailed, string(r.Result.Verdict.Reason), "")
	text := r.Result.Verdict.Message
	if first, ok := firstFailure(r); ok {
		f.Reason, text = first.Reason, first.Text
		if !first.At.IsZero() {
			f.Since = first.At
		}
		f.Evidence = engine.WithProof(f.Evidence, first.Proof)
	}
	parsed, _ := r.X.Message(text).Helm()
	what := map[string]string{"upgrade": "be upgraded", "test": "pass its tests", "rollback": "be rolled back",
		"uninstall": "be uninstalled", "uninstall remediation": "be uninstalled"}[parsed.Action]
	if what == "" {
		what = "be installed"
	}
	f.Message = fmt.Sprintf("%s could not %s: %s", f.Ref, what, health.FirstLine(text))
	f.Fixes = failedFixes(r, parsed, timedOut)
	if timedOut {
		f.Code = engine.CodeReleaseTimedOut
	}
	stalled := object.ConditionOf(r.Obj, "Stalled")
	switch {
	case removed(r):
		f.Code = engine.CodeReleaseRemoved
		f.Message += "; Flux has uninstalled the failed release and its pods"
		if history := object.List(r.Obj.Object, "status", "history"); len(history) > 0 {
			f.Evidence = engine.WithProof(f.Evidence, engine.Evidence(r.Obj, "status.history[0].status", object.Text(history[0], "status"), object.Time(history[0], "firstDeployed")))
		}
	case stalled.Status == "True" && stalled.Reason == "MissingRollbackTarget":
		f.Code = engine.CodeRollbackTarget
		f.Message += "; Flux cannot roll it back, because Helm does not have the revision to roll back to"
		rollbackTarget(r, &f)
	}
	if lost, ok := lostRevision(r); ok && f.Code == engine.CodeReleaseFailed {
		f.Code = engine.CodeRollbackTarget
		f.Evidence = engine.WithProof(f.Evidence, lost.Proof)
		f.Message += "; Helm does not have the revision that Flux needs to roll back to or to uninstall"
		f.Fixes = []finding.Fix{history(r, "List the revisions that Helm has stored")}
		rollbackTarget(r, &f)
	}
	if retry := retry(r); !slices.ContainsFunc(f.Fixes, func(fix finding.Fix) bool { return fix.Command == retry.Command }) {
		f.Fixes = append(f.Fixes, retry)
	}
	r.Result.Fallback = append(r.Result.Fallback, f)
}

// rollbackTarget names the record that Flux would roll back to if Helm does not have
// it, and another one that Helm has.
func rollbackTarget(r flux.Release, f *finding.Finding) {
	if history := object.List(r.Obj.Object, "status", "history"); len(history) > 1 {
		target := engine.CoreRef(object.SecretKind.Kind, storage(r), fmt.Sprintf("%s%s.v%d", recordPrefix, helmName(r), object.Int(history[1], "version")))
		if len(records(r)) > 0 && r.X.Snap.Lookup(target).Presence == snapshot.Absent { // otherwise Helm's records were not read
			f.Evidence = engine.WithProof(f.Evidence, finding.Evidence{Ref: target, Field: "object", Value: "does not exist"})
		}
	}
	if good, ok := deployed(r, 0); ok {
		f.Evidence = engine.WithProof(f.Evidence, good.proof())
		f.Fixes = append(f.Fixes, finding.Fix{Text: fmt.Sprintf("To restore revision %d, which is deployed, roll back with Helm", good.version),
			Command: helmCommand(r, "rollback", strconv.Itoa(good.version))})
	}
}

// firstFailure is the oldest recorded failure of Helm; the reactions to it (a rollback,
// an uninstall, the end of retries) came later.
func firstFailure(r flux.Release) (first flux.Statement, ok bool) {
	for _, w := range statements(r) {
		failed := strings.HasSuffix(w.Reason, "Failed") && w.Reason != "UninstallFailed" && w.Reason != "RollbackFailed"
		if failed && (!ok || !w.At.IsZero() && w.At.Before(first.At)) {
			first, ok = w, true
		}
	}
	return first, ok
}

// failedFixes are the fixes for a failure that Helm explains; otherwise what to inspect
// next. If Flux has uninstalled the release, nothing is left to inspect until a failed
// release is kept.
func failedFixes(r flux.Release, parsed helm.Failure, timedOut bool) []finding.Fix {
	switch parsed.Problem {
	case helm.ProblemKubernetesVersion:
		return []finding.Fix{{Text: "Use a version of the chart that supports this version of Kubernetes", Command: showChart(r, "chart"), File: r.X.DefinedIn(r.Obj)}}
	}
	if strings.Contains(parsed.Cause, recordPrefix) && strings.Contains(parsed.Cause, "Too long") {
		return []finding.Fix{{Text: "Reduce the size of the chart: Helm stores it in one Secret of at most 1 MiB; exclude files in the .helmignore of the chart", Command: showChart(r, "chart")}}
	}
	if timedOut && !removed(r) {
		return waitFixes(r)
	}
	if removed(r) && timedOut {
		return []finding.Fix{{Text: "Set spec.install.remediation.retries to 0, so that the failed release and its pods are kept", File: r.X.DefinedIn(r.Obj)}}
	}
	return inspect(r)
}

// removed reports whether remediation has uninstalled the release.
func removed(r flux.Release) bool {
	remediated := object.ConditionOf(r.Obj, "Remediated")
	history := object.List(r.Obj.Object, "status", "history")
	return remediated.Status == "True" && strings.HasPrefix(remediated.Reason, "Uninstall") ||
		len(history) > 0 && object.Text(history[0], "status") == "uninstalled"
}

// waitFixes are the fixes for a wait that timed out although no installed object is
// known to have a problem. "client rate limiter Wait returned an error" means the same:
// the timeout expired while the client waited for its turn.
func waitFixes(r flux.Release) []finding.Fix {
	fixes := []finding.Fix{
		{Text: "Check which of its objects are not ready", Command: escape.Command("kubectl get pods,jobs -n %s -l app.kubernetes.io/instance=%s", r.Target(), helmName(r))},
		inspect(r)[0],
	}
	installed, ready := workloads(r)
	switch {
	case len(installed) == 0 || !ready:
	case isStalled(r):
		fixes[0] = finding.Fix{Text: fmt.Sprintf("If it fails again because it takes longer than spec.timeout (%s), raise the timeout", health.ActionTimeout(r.Obj)), File: r.X.DefinedIn(r.Obj)}
		fixes = slices.Insert(fixes, 0, finding.Fix{Text: fmt.Sprintf("Retry: what it installed is ready now (%s), but Flux has no retry left", engine.NamesOf(installed)), Command: retry(r).Command})
	default:
		fixes = slices.Insert(fixes, 0, finding.Fix{Text: fmt.Sprintf("What it installed is ready now (%s): if it takes longer than spec.timeout (%s), raise the timeout",
			engine.NamesOf(installed), health.ActionTimeout(r.Obj)), File: r.X.DefinedIn(r.Obj)})
	}
	return fixes
}

// workloads are the installed workloads, and whether all their pods are ready.
func workloads(r flux.Release) (found []*unstructured.Unstructured, ready bool) {
	ready = true
	for _, kind := range engine.WorkloadKinds {
		for _, obj := range r.X.Snap.List(kind, r.Target()).Objects {
			if r.Owns(obj) {
				found = append(found, obj)
				has, wanted := health.Replicas(obj)
				ready = ready && has >= wanted
			}
		}
	}
	return found, ready
}
