package diagnose

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// stuck reports a release that reports to be in progress although no action can be
// running. The objects that it installed are only blamed while nothing shows that the
// action has ended.
func (r release) stuck() {
	lease := r.x.newestLease("helm-controller")
	restarted := lease != nil && field.Time(lease.Object, "spec", "acquireTime").After(r.ready.Since)
	finished := health.ActionFinished(r.obj)
	f := r.finding(codeReleaseStuck, string(health.Stuck), fmt.Sprintf("%s has reported %q for %s, longer than its timeout of %s: no action is running any longer",
		finding.RefOf(r.obj), firstLine(r.ready.Message), duration.HumanDuration(r.x.now.Sub(r.ready.Since)), duration.HumanDuration(health.ActionTimeout(r.obj))))
	f.Evidence = []finding.Evidence{evidence(r.obj, r.ready.Path, r.ready.Reason+": "+r.ready.Message, r.ready.Since)}
	if timeout := field.Text(r.obj.Object, "spec", "timeout"); timeout != "" {
		f.Evidence = append(f.Evidence, evidence(r.obj, "spec.timeout", timeout, time.Time{}))
	}
	if finished {
		f.Message += "; according to its history, the revision is deployed"
		entry := field.List(r.obj.Object, "status", "history")[0]
		f.Evidence = append(f.Evidence, evidence(r.obj, "status.history[0].status", "deployed", field.Time(entry, "lastDeployed")))
	}
	if restarted {
		f.Message += "; helm-controller has restarted since then"
		f.Evidence = append(f.Evidence, evidence(lease, "spec.acquireTime", field.Text(lease.Object, "spec", "acquireTime"), field.Time(lease.Object, "spec", "acquireTime")))
	}
	f.Fixes = []finding.Fix{{Text: "Force helm-controller to reconcile the release, even without a change", Command: r.flux("reconcile", "--force")}}
	if record, ok := r.pending(); ok {
		f.Evidence = withProof(f.Evidence, record.proof())
		f.Fixes[0].Text += "; it unlocks the pending record"
	}
	namespace := "flux-system"
	if lease != nil {
		namespace = lease.GetNamespace()
	}
	f.Fixes = append(f.Fixes, finding.Fix{Text: "If the status does not change, restart helm-controller",
		Command: "kubectl rollout restart deployment helm-controller -n " + escape.ShellWord(namespace)})
	if finished || restarted || r.ready.Reason == "HealthCheckCanceled" {
		r.exam.findings = append(r.exam.findings, f)
		return
	}
	r.installed(true)
	r.exam.fallback = append(r.exam.fallback, f)
}
