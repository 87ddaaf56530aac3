package diagnose

import (
	"fmt"
	"slices"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// checks examines the checked objects live, and blames those that are not ready. The
// message of the layer is evidence; if it names an object that is ready now, it is out
// of date.
func (k kustomization) checks(message string) {
	failed := k.exam.verdict.Status == health.Failing
	var missing []finding.Ref
	for _, ref := range k.checked(message) {
		switch answer := k.x.snap.Lookup(ref); answer.Presence {
		case snapshot.Present:
			if k.x.examine(ref, failed).verdict.Status != health.Ready || len(k.x.examine(ref, failed).findings) > 0 {
				k.exam.blame = append(k.exam.blame, ref)
			}
		case snapshot.Absent:
			missing = append(missing, ref)
		default:
			if answer.Why.Why != snapshot.NotServed {
				k.exam.unknown = append(k.exam.unknown, *answer.Why)
			}
		}
	}
	for _, ref := range missing {
		k.missing(ref, failed)
	}
	if !failed || len(k.exam.fallback) > 0 {
		return
	}
	f := k.finding(codeHealthCheckFailed, k.failedAt("HealthCheckFailed"), fmt.Sprintf("%s failed: %s", finding.RefOf(k.obj), firstLine(message)))
	f.Evidence = []finding.Evidence{k.failed.proof}
	f.Fixes = []finding.Fix{k.retry("Reconcile it, and run explain again while its health checks run"), k.logs()}
	switch {
	case message == "":
		f.Message = fmt.Sprintf("the last reconciliation of %s failed, and neither its conditions nor its events show why", finding.RefOf(k.obj))
	case k.recovered(message):
		f.Message = fmt.Sprintf("%s failed, but everything that it waited for is ready now: its next reconciliation should succeed", finding.RefOf(k.obj))
		f.Severity = finding.Warning
		f.Fixes = []finding.Fix{k.retry("Reconcile it now instead of waiting for the next retry")}
	}
	k.exam.fallback = append(k.exam.fallback, f)
}

// recovered reports whether everything that a failed health check names is known to be
// ready now.
func (k kustomization) recovered(message string) bool {
	said, _ := k.x.message(message).HealthCheck()
	refs := k.checked(message)
	for _, item := range said.Items {
		if !slices.ContainsFunc(refs, func(ref finding.Ref) bool {
			return isOf(item, ref) && k.x.registry.byKind[ref.GroupKind()] != nil && k.x.examine(ref, true).verdict.Status == health.Ready
		}) {
			return false
		}
	}
	return len(said.Items) > 0 && !said.Truncated
}
