package diagnose

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// explainCronJob uses the last finished Job: an older failure does not matter once a
// newer Job has succeeded.
func explainCronJob(x *examiner, cron *unstructured.Unstructured, failing bool) exam {
	v := health.Verdict{Ref: finding.RefOf(cron), Status: health.Ready, Since: field.Time(cron.Object, "status", "lastSuccessfulTime")}
	e := exam{verdict: v}
	if field.Bool(cron.Object, "spec", "suspend") {
		e.verdict.Status, e.verdict.Reason, e.verdict.Message = health.Suspended, "Suspended", "it is suspended"
		return e
	}
	e.unknown = x.unreadable(jobKind, cron.GetNamespace())
	jobs := x.children(cron, jobKind)
	slices.SortStableFunc(jobs, func(a, b *unstructured.Unstructured) int {
		return b.GetCreationTimestamp().Compare(a.GetCreationTimestamp().Time)
	})
	for _, job := range jobs {
		switch last := jobVerdict(job); last.Status {
		case health.Ready:
			return e
		case health.Failing:
			e.verdict.Status, e.verdict.Reason, e.verdict.Message, e.verdict.Since = health.Failing, last.Reason, last.Message, last.Since
			e.blame = []finding.Ref{last.Ref}
			return e
		}
	}
	return e
}
