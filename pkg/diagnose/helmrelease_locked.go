package diagnose

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// locked reports a release whose newest record is of a pending action: Helm starts no
// other action until it has ended.
func (r release) locked(m statement) {
	self := finding.RefOf(r.obj)
	f := r.finding(codeReleaseLocked, m.reason, fmt.Sprintf("%s is locked: Helm has a record of another operation that has not ended", self))
	f.Evidence = withProof([]finding.Evidence{m.proof}, f.Evidence...)
	unlock := finding.Fix{Text: "Force a reconciliation: helm-controller 0.37 and later unlocks the release and retries", Command: r.flux("reconcile", "--force")}
	record, known := r.pending()
	if known {
		f.Message = fmt.Sprintf("%s is locked: according to %s, revision %d is %s", self, finding.RefOf(record.secret), record.version, record.status)
		f.Evidence = withProof(f.Evidence, record.proof())
	} else if history := field.List(r.obj.Object, "status", "history"); len(history) > 0 && strings.HasPrefix(field.Text(history[0], "status"), "pending-") {
		f.Message = fmt.Sprintf("%s is locked: according to its history, revision %d is %s", self, field.Int(history[0], "version"), field.Text(history[0], "status"))
		f.Evidence = withProof(f.Evidence, evidence(r.obj, "status.history[0].status", field.Text(history[0], "status"), field.Time(history[0], "lastDeployed")))
	}
	switch {
	case strings.HasPrefix(m.text, "Unlocked"):
		f.Severity = finding.Warning
		f.Message = fmt.Sprintf("an operation on %s was interrupted; helm-controller has unlocked the release and retries", self)
		unlock = r.retry()
	case known && r.x.now.Sub(record.at()) < health.ActionTimeout(r.obj):
		f.Severity = finding.Warning
		f.Fixes = append(f.Fixes, finding.Fix{Text: "Wait for the running operation: its timeout has not expired"})
		unlock.Text = "If it does not end, force a reconciliation: helm-controller 0.37 and later unlocks the release and retries"
	}
	f.Fixes = append(f.Fixes, unlock)
	if known && !strings.HasPrefix(m.text, "Unlocked") {
		f.Fixes = append(f.Fixes, r.unlockByHelm(record)...)
	} else if !known {
		f.Fixes = append(f.Fixes, finding.Fix{Text: "Check which revision is pending, and which was deployed last", Command: r.helmCommand("history")})
	}
	r.exam.findings = append(r.exam.findings, f)
	if !known {
		r.exam.unknown = append(r.exam.unknown, r.x.unreadable(secretKind, r.storage())...)
	}
}

// unlockByHelm is how to unlock a release if helm-controller does not: by a rollback to
// a deployed revision. Deleting the record comes last, and is the only way if no
// revision was ever deployed.
func (r release) unlockByHelm(pending record) (fixes []finding.Fix) {
	if good, ok := r.deployed(pending.version); ok {
		fixes = append(fixes, r.history("Check which revision is pending, and which was deployed last"))
		fixes = append(fixes, finding.Fix{Text: fmt.Sprintf("If it stays locked, roll back to revision %d, which is deployed", good.version),
			Command: r.helmCommand("rollback", strconv.Itoa(good.version))})
	} else {
		fixes = append(fixes, finding.Fix{Text: "Check what Helm has stored: no earlier revision is deployed, so Helm can't roll back", Command: r.helmCommand("history")})
	}
	name, namespace := pending.secret.GetName(), pending.secret.GetNamespace()
	return append(fixes, finding.Fix{
		Text:    "Only if nothing else unlocks it: save the pending record to a file, then delete it; Helm loses that revision, but the objects stay",
		Command: escape.Command("kubectl get secret %s -n %s -o yaml > %s.yaml && kubectl delete secret %s -n %s", name, namespace, name, name, namespace),
	})
}

// canceled reports an action that was canceled by a newer reconciliation or a restart
// of helm-controller. The chart has not failed.
func (r release) canceled(parsed fluxmsg.Helm, m statement) {
	self := finding.RefOf(r.obj)
	f := r.finding(codeReleaseCanceled, m.reason, "")
	f.Severity = finding.Warning
	f.Evidence = withProof([]finding.Evidence{m.proof}, f.Evidence...)
	what := map[string]string{"install": "the installation", "upgrade": "the upgrade", "test": "the test"}[parsed.Action]
	if what == "" {
		what = "the last action"
	}
	why := "by a newer reconciliation or a restart of helm-controller"
	if parsed.Trigger.Name != "" {
		why = fmt.Sprintf("by a change of %s", finding.Ref{Kind: parsed.Trigger.Kind, Namespace: parsed.Trigger.Namespace, Name: parsed.Trigger.Name})
	}
	f.Message = fmt.Sprintf("%s of %s was canceled %s; the chart has not failed, and Flux retries", what, self, why)
	f.Fixes = []finding.Fix{r.retry()}
	if field.ConditionOf(r.obj, "Stalled").Status == "True" {
		f.Severity = finding.Critical
		f.Message = fmt.Sprintf("%s of %s was canceled %s; the chart has not failed, but Flux has no retry left", what, self, why)
	} else {
		f.Fixes[0].Text = "Wait for the next retry, or retry immediately"
	}
	r.exam.findings = append(r.exam.findings, f)
}
