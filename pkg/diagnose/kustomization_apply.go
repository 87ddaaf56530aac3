package diagnose

import (
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
)

// applied reports what the API server refused of the layer, and tells whether
// it refused nothing.
func (k kustomization) applied(message string) bool {
	if _, checked := fluxmsg.ParseHealthCheck(message); checked {
		return true // what is refused in it is an object's own trouble, not the layer's
	}
	_, ok := fluxmsg.ParseAPIError(message)
	if !ok && k.exam.verdict.Reason != "ReconciliationFailed" && k.exam.verdict.Reason != "PruneFailed" {
		return true
	}
	if ok {
		findings, blame := k.x.explainAPIError(finding.RefOf(k.obj), message, k.ready.since)
		for i := range findings {
			if findings[i].Since.IsZero() {
				findings[i].Since = k.exam.verdict.Since
			}
			findings[i].Fixes = append(findings[i].Fixes, k.retry("Then have Flux try again"))
		}
		k.exam.findings = append(k.exam.findings, findings...)
		k.exam.blame = append(k.exam.blame, blame...)
	}
	k.exam.fallback = append(k.exam.fallback, k.plain(codeReconcileFailed, k.exam.verdict.Reason, message, "Mend what the API server refuses"))
	return false
}
