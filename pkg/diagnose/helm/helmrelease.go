// Package helm explains why HelmReleases and HelmCharts are not ready: the chart, its
// values, what the API server refuses, and what Helm has recorded.
package helm

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/message/helm"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// ExplainHelmRelease follows a release to its dependencies, its chart, its values, the
// messages of Helm, and the objects that it installed.
func ExplainHelmRelease(x *engine.Context, obj *unstructured.Unstructured, failing bool) engine.Result {
	e := engine.Result{Verdict: x.Health.Of(object.RefOf(obj))}
	r := flux.Release{X: x, Obj: obj, Ready: object.ConditionOf(obj, "Ready"), Result: &e}
	switch {
	case e.Verdict.Status == health.Ready:
		return e
	case e.Verdict.Status == health.Suspended:
		e.Findings = []finding.Finding{suspended(r)}
		return e
	case e.Verdict.Reason == health.Stale:
		flux.ExplainStale(x, obj, &e)
		return e
	case e.Verdict.Reason == health.DependencyCycle:
		e.Findings = append(e.Findings, flux.Cycle(x, e.Verdict))
		return e
	case e.Verdict.Reason == health.Stuck:
		stuck(r)
		return e
	}
	if flux.ExplainDependencies(x, obj, &e) || denied(r) || chart(r) || values(r) {
		return e
	}
	helmFailure(r, failing || e.Verdict.Status == health.Failing)
	return e
}

func releaseFinding(r flux.Release, code finding.Code, reason, message string) finding.Finding {
	return finding.Finding{
		Code: code, Ref: object.RefOf(r.Obj), Reason: reason, Message: message, Severity: finding.Critical,
		Since: r.Result.Verdict.Since, Evidence: conditions(r),
	}
}

// conditions are the conditions of the release, as evidence.
func conditions(r flux.Release) []finding.Evidence {
	var all []finding.Evidence
	for _, kind := range []string{"Stalled", "Released", "Ready"} {
		c := object.ConditionOf(r.Obj, kind)
		bad := kind == "Stalled" && c.Status == "True" || kind != "Stalled" && c.Status == "False"
		if bad {
			all = append(all, engine.Quote(r.Obj, c))
		}
	}
	return all
}

// retry is how to retry a release after its problem is corrected. A release that Flux
// no longer retries needs its failure counters reset, unless its own spec changes; any
// other release is retried anyway.
func retry(r flux.Release) finding.Fix {
	stalled := object.ConditionOf(r.Obj, "Stalled")
	switch {
	case stalled.Status == "True" && stalled.Reason == "MissingRollbackTarget":
		return finding.Fix{Text: "Then force an upgrade: there is no revision to roll back to", Command: fluxReconcile(r, "reconcile", "--force")}
	case isStalled(r):
		return finding.Fix{Text: "Then reset the count of failures, so that Flux retries", Command: fluxReconcile(r, "reconcile", "--reset")}
	}
	return finding.Fix{Text: "Then retry immediately", Command: fluxReconcile(r, "reconcile")}
}

// isStalled reports whether Flux no longer retries the release.
func isStalled(r flux.Release) bool {
	return object.ConditionOf(r.Obj, "Stalled").Status == "True" || strings.HasSuffix(r.Ready.Message, "retries exhausted")
}

// fluxReconcile is a command of the flux CLI about the release.
func fluxReconcile(r flux.Release, verb string, flags ...string) string {
	command := escape.Command("flux %s helmrelease %s -n %s", verb, r.Obj.GetName(), r.Obj.GetNamespace())
	return strings.Join(append([]string{command}, flags...), " ")
}

// helmCommand is a helm command about the release.
func helmCommand(r flux.Release, verb string, more ...string) string {
	name, _ := flux.ReleaseName(r.Obj)
	words := append([]string{escape.Command("helm %s %s", escape.Shell(verb), name)}, more...)
	return strings.Join(append(words, escape.Command("-n %s", storage(r))), " ")
}

// storage is the namespace where Helm keeps its records of the release
// (helm-controller api v2, GetStorageNamespace).
func storage(r flux.Release) string {
	return cmp.Or(object.Text(r.Obj.Object, "status", "storageNamespace"), object.Text(r.Obj.Object, "spec", "storageNamespace"), r.Obj.GetNamespace())
}

// inspect is what to inspect next if the evidence supports no fix.
func inspect(r flux.Release) []finding.Fix {
	return []finding.Fix{
		{Text: "Read the log of helm-controller", Command: escape.Command("flux logs --kind=HelmRelease --name=%s -n %s", r.Obj.GetName(), r.Obj.GetNamespace())},
		{Text: "Compare the revisions that Helm has stored", Command: helmCommand(r, "history")},
	}
}

func suspended(r flux.Release) finding.Finding {
	f := releaseFinding(r, engine.CodeSuspended, "Suspended", fmt.Sprintf("%s is suspended: Flux does not reconcile it", object.RefOf(r.Obj)))
	f.Severity = finding.Warning
	f.Evidence = append(f.Evidence, engine.Evidence(r.Obj, "spec.suspend", "true", time.Time{}))
	f.Fixes = []finding.Fix{{Text: "Resume it", Command: fluxReconcile(r, "resume")}}
	return f
}

// denied reports a source in another namespace that the release is not allowed to use.
func denied(r flux.Release) bool {
	if r.Result.Verdict.Reason != "AccessDenied" {
		return false
	}
	f := releaseFinding(r, engine.CodeAccessDenied, "AccessDenied", fmt.Sprintf("%s is not allowed to use its chart: %s", object.RefOf(r.Obj), health.FirstLine(r.Ready.Message)))
	f.Fixes = []finding.Fix{{Text: "Move the source into the namespace of the release, or allow references across namespaces", File: r.X.DefinedIn(r.Obj)}}
	r.Result.Findings = append(r.Result.Findings, f)
	return true
}

// locked reports a release whose newest record is of a pending action: Helm starts no
// other action until it has ended.
func locked(r flux.Release, m flux.Statement) {
	self := object.RefOf(r.Obj)
	f := releaseFinding(r, engine.CodeReleaseLocked, m.Reason, fmt.Sprintf("%s is locked: Helm has a record of another operation that has not ended", self))
	f.Evidence = engine.WithProof([]finding.Evidence{m.Proof}, f.Evidence...)
	unlock := finding.Fix{Text: "Force a reconciliation: helm-controller 0.37 and later unlocks the release and retries", Command: fluxReconcile(r, "reconcile", "--force")}
	record, known := pending(r)
	if known {
		f.Message = fmt.Sprintf("%s is locked: according to %s, revision %d is %s", self, object.RefOf(record.secret), record.version, record.status)
		f.Evidence = engine.WithProof(f.Evidence, record.proof())
	} else if history := object.List(r.Obj.Object, "status", "history"); len(history) > 0 && strings.HasPrefix(object.Text(history[0], "status"), "pending-") {
		f.Message = fmt.Sprintf("%s is locked: according to its history, revision %d is %s", self, object.Int(history[0], "version"), object.Text(history[0], "status"))
		f.Evidence = engine.WithProof(f.Evidence, engine.Evidence(r.Obj, "status.history[0].status", object.Text(history[0], "status"), object.Time(history[0], "lastDeployed")))
	}
	switch {
	case strings.HasPrefix(m.Text, "Unlocked"):
		f.Severity = finding.Warning
		f.Message = fmt.Sprintf("an operation on %s was interrupted; helm-controller has unlocked the release and retries", self)
		unlock = retry(r)
	case known && r.X.Now.Sub(record.at()) < health.ActionTimeout(r.Obj):
		f.Severity = finding.Warning
		f.Fixes = append(f.Fixes, finding.Fix{Text: "Wait for the running operation: its timeout has not expired"})
		unlock.Text = "If it does not end, force a reconciliation: helm-controller 0.37 and later unlocks the release and retries"
	}
	f.Fixes = append(f.Fixes, unlock)
	if known && !strings.HasPrefix(m.Text, "Unlocked") {
		f.Fixes = append(f.Fixes, unlockByHelm(r, record)...)
	} else if !known {
		f.Fixes = append(f.Fixes, finding.Fix{Text: "Check which revision is pending, and which was deployed last", Command: helmCommand(r, "history")})
	}
	r.Result.Findings = append(r.Result.Findings, f)
	if !known {
		r.Result.Unknown = append(r.Result.Unknown, r.X.Unreadable(object.SecretKind, storage(r))...)
	}
}

// unlockByHelm is how to unlock a release if helm-controller does not: by a rollback to
// a deployed revision. Deleting the record comes last, and is the only way if no
// revision was ever deployed.
func unlockByHelm(r flux.Release, pending record) (fixes []finding.Fix) {
	if good, ok := deployed(r, pending.version); ok {
		fixes = append(fixes, history(r, "Check which revision is pending, and which was deployed last"))
		fixes = append(fixes, finding.Fix{Text: fmt.Sprintf("If it stays locked, roll back to revision %d, which is deployed", good.version),
			Command: helmCommand(r, "rollback", strconv.Itoa(good.version))})
	} else {
		fixes = append(fixes, finding.Fix{Text: "Check what Helm has stored: no earlier revision is deployed, so Helm can't roll back", Command: helmCommand(r, "history")})
	}
	name, namespace := pending.secret.GetName(), pending.secret.GetNamespace()
	return append(fixes, finding.Fix{
		Text:    "Only if nothing else unlocks it: save the pending record to a file, then delete it; Helm loses that revision, but the objects stay",
		Command: escape.Command("kubectl get secret %s -n %s -o yaml > %s.yaml && kubectl delete secret %s -n %s", name, namespace, name, name, namespace),
	})
}

// canceled reports an action that was canceled by a newer reconciliation or a restart
// of helm-controller. The chart has not failed.
func canceled(r flux.Release, parsed helm.Failure, m flux.Statement) {
	self := object.RefOf(r.Obj)
	f := releaseFinding(r, engine.CodeReleaseCanceled, m.Reason, "")
	f.Severity = finding.Warning
	f.Evidence = engine.WithProof([]finding.Evidence{m.Proof}, f.Evidence...)
	what := map[string]string{"install": "the installation", "upgrade": "the upgrade", "test": "the test"}[parsed.Action]
	if what == "" {
		what = "the last action"
	}
	why := "by a newer reconciliation or a restart of helm-controller"
	if parsed.Trigger.Name != "" {
		why = fmt.Sprintf("by a change of %s", object.Ref{Kind: parsed.Trigger.Kind, Namespace: parsed.Trigger.Namespace, Name: parsed.Trigger.Name})
	}
	f.Message = fmt.Sprintf("%s of %s was canceled %s; the chart has not failed, and Flux retries", what, self, why)
	f.Fixes = []finding.Fix{retry(r)}
	if object.ConditionOf(r.Obj, "Stalled").Status == "True" {
		f.Severity = finding.Critical
		f.Message = fmt.Sprintf("%s of %s was canceled %s; the chart has not failed, but Flux has no retry left", what, self, why)
	} else {
		f.Fixes[0].Text = "Wait for the next retry, or retry immediately"
	}
	r.Result.Findings = append(r.Result.Findings, f)
}

// stuck reports a release that reports to be in progress although no action can be
// running. The objects that it installed are only blamed while nothing shows that the
// action has ended.
func stuck(r flux.Release) {
	lease := flux.NewestLease(r.X, "helm-controller")
	restarted := lease != nil && object.Time(lease.Object, "spec", "acquireTime").After(r.Ready.Since)
	finished := health.ActionFinished(r.Obj)
	f := releaseFinding(r, engine.CodeReleaseStuck, string(health.Stuck), fmt.Sprintf("%s has reported %q for %s, longer than its timeout of %s: no action is running any longer",
		object.RefOf(r.Obj), health.FirstLine(r.Ready.Message), duration.HumanDuration(r.X.Now.Sub(r.Ready.Since)), duration.HumanDuration(health.ActionTimeout(r.Obj))))
	f.Evidence = []finding.Evidence{engine.Evidence(r.Obj, r.Ready.Path, r.Ready.Reason+": "+r.Ready.Message, r.Ready.Since)}
	if timeout := object.Text(r.Obj.Object, "spec", "timeout"); timeout != "" {
		f.Evidence = append(f.Evidence, engine.Evidence(r.Obj, "spec.timeout", timeout, time.Time{}))
	}
	if finished {
		f.Message += "; according to its history, the revision is deployed"
		entry := object.List(r.Obj.Object, "status", "history")[0]
		f.Evidence = append(f.Evidence, engine.Evidence(r.Obj, "status.history[0].status", "deployed", object.Time(entry, "lastDeployed")))
	}
	if restarted {
		f.Message += "; helm-controller has restarted since then"
		f.Evidence = append(f.Evidence, engine.Evidence(lease, "spec.acquireTime", object.Text(lease.Object, "spec", "acquireTime"), object.Time(lease.Object, "spec", "acquireTime")))
	}
	f.Fixes = []finding.Fix{{Text: "Force helm-controller to reconcile the release, even without a change", Command: fluxReconcile(r, "reconcile", "--force")}}
	if record, ok := pending(r); ok {
		f.Evidence = engine.WithProof(f.Evidence, record.proof())
		f.Fixes[0].Text += "; it unlocks the pending record"
	}
	namespace := "flux-system"
	if lease != nil {
		namespace = lease.GetNamespace()
	}
	f.Fixes = append(f.Fixes, finding.Fix{Text: "If the status does not change, restart helm-controller",
		Command: "kubectl rollout restart deployment helm-controller -n " + escape.ShellWord(namespace)})
	if finished || restarted || r.Ready.Reason == "HealthCheckCanceled" {
		r.Result.Findings = append(r.Result.Findings, f)
		return
	}
	installed(r, true)
	r.Result.Fallback = append(r.Result.Fallback, f)
}
