package diagnose

import (
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// explainJob follows a Job to its pods. One that has given up is the cause
// itself, with its pod's exit as proof, unless a pod tells something better: an
// image that can't be pulled, a database that is down.
func explainJob(x *examiner, job *unstructured.Unstructured, failing bool) exam {
	e := exam{verdict: jobVerdict(job)}
	switch e.verdict.Status {
	case health.Ready, health.Suspended:
		return e
	}
	failed := e.verdict.Status == health.Failing
	if x.creation(job, &e, failing || failed) {
		return e
	}
	pods, unread := x.pods(job)
	slices.SortStableFunc(pods, func(a, b *unstructured.Unstructured) int { // its last word counts
		return b.GetCreationTimestamp().Compare(a.GetCreationTimestamp().Time)
	})
	if !failed {
		if worst, hard := x.blamePods(&e, pods, failing); hard {
			e.verdict.Status, e.verdict.Reason, e.verdict.Message = health.Failing, health.Reason(worst.reason), worst.message
		}
		if failing && len(e.blame) == 0 {
			e.unknown = union(e.unknown, unread)
		}
		return e
	}
	f := jobFailed(job, e.verdict)
	for _, pod := range pods {
		for _, t := range x.troubles(pod) {
			if t.code != codeCrash || len(x.downDatabases(x.read(pod))) > 0 {
				e.blame = append(e.blame, finding.RefOf(pod))
			} else if len(e.blame) == 0 {
				f.Message += "; " + t.message
				f.Evidence, f.Fixes = append(f.Evidence, t.evidence...), append(t.fixes, f.Fixes...)
			}
		}
		if len(f.Evidence) > 1 || len(e.blame) > 0 {
			break
		}
	}
	if len(e.blame) == 0 && len(f.Evidence) == 1 {
		if e.unknown = unread; len(unread) == 0 {
			f.Message += "; its pods no longer exist"
		}
	}
	e.findings = append(e.findings, f)
	return e
}

func jobVerdict(job *unstructured.Unstructured) health.Verdict {
	v := health.Verdict{Ref: finding.RefOf(job), Status: health.Progressing, Reason: "Running", Since: job.GetCreationTimestamp().Time}
	done := field.ConditionOf(job, "Complete")
	if done.Status != "True" {
		done = field.ConditionOf(job, "SuccessCriteriaMet")
	}
	failed := field.ConditionOf(job, "Failed")
	if failed.Status != "True" {
		failed = field.ConditionOf(job, "FailureTarget") // decided, and its pods still end
	}
	switch {
	case done.Status == "True":
		v.Status, v.Reason, v.Since = health.Ready, "", done.Since
	case failed.Status == "True":
		v = v.FromCondition(health.Failing, failed)
	case field.Bool(job.Object, "spec", "suspend"):
		v.Status, v.Reason, v.Message, v.Since = health.Suspended, "Suspended", "it is suspended", time.Time{}
		if suspended := field.ConditionOf(job, "Suspended"); suspended.Status == "True" {
			v.Since = suspended.Since
		}
	default:
		if started := field.Time(job.Object, "status", "startTime"); !started.IsZero() { // later than its creation where it was suspended
			v.Since = started
		}
	}
	return v
}

// jobFailed is a Job that has given up.
func jobFailed(job *unstructured.Unstructured, v health.Verdict) finding.Finding {
	why := map[string]string{
		"BackoffLimitExceeded": fmt.Sprintf("its pods failed %d times", field.Int(job.Object, "status", "failed")),
		"DeadlineExceeded":     fmt.Sprintf("it did not finish within its deadline of %d s", field.Int(job.Object, "spec", "activeDeadlineSeconds")),
	}[string(v.Reason)]
	if why == "" {
		why = v.Message
	}
	proof := proofOf(job, field.ConditionOf(job, "Failed"))
	if early := field.ConditionOf(job, "FailureTarget"); field.ConditionOf(job, "Failed").Status != "True" {
		proof = proofOf(job, early)
	}
	return finding.Finding{
		Code: codeJobFailed, Ref: v.Ref, Reason: string(v.Reason), Severity: finding.Critical, Since: v.Since,
		Message:  fmt.Sprintf("%s failed: %s", v.Ref, why),
		Evidence: []finding.Evidence{proof},
		Fixes: []finding.Fix{{Text: "Read its log",
			Command: escape.Command("kubectl logs job/%s -n %s --all-containers", v.Ref.Name, v.Ref.Namespace)}},
	}
}
