package workload

import (
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/pods"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// ExplainCronJob uses the last finished Job: an older failure does not matter once a
// newer Job has succeeded.
func ExplainCronJob(x *engine.Context, cron *unstructured.Unstructured, failing bool) engine.Result {
	v := health.Verdict{Ref: object.RefOf(cron), Status: health.Ready, Since: object.Time(cron.Object, "status", "lastSuccessfulTime")}
	e := engine.Result{Verdict: v}
	if object.Bool(cron.Object, "spec", "suspend") {
		e.Verdict.Status, e.Verdict.Reason, e.Verdict.Message = health.Suspended, "Suspended", "it is suspended"
		return e
	}
	e.Unknown = x.Unreadable(object.JobKind, cron.GetNamespace())
	jobs := x.Children(cron, object.JobKind)
	slices.SortStableFunc(jobs, func(a, b *unstructured.Unstructured) int {
		return b.GetCreationTimestamp().Compare(a.GetCreationTimestamp().Time)
	})
	for _, job := range jobs {
		switch last := jobVerdict(job); last.Status {
		case health.Ready:
			return e
		case health.Failing:
			e.Verdict.Status, e.Verdict.Reason, e.Verdict.Message, e.Verdict.Since = health.Failing, last.Reason, last.Message, last.Since
			e.Blame = []object.Ref{last.Ref}
			return e
		}
	}
	return e
}

// ExplainJob blames the pods of a Job. A failed Job is the cause itself, with the
// termination of its pod as evidence, unless a pod has a more specific cause: an image
// that can't be pulled, or a database that is down.
func ExplainJob(x *engine.Context, job *unstructured.Unstructured, failing bool) engine.Result {
	e := engine.Result{Verdict: jobVerdict(job)}
	switch e.Verdict.Status {
	case health.Ready, health.Suspended:
		return e
	}
	failed := e.Verdict.Status == health.Failing
	if creation(x, job, &e, failing || failed) {
		return e
	}
	current, unread := pods.Current(x, job)
	slices.SortStableFunc(current, func(a, b *unstructured.Unstructured) int { // its last message counts
		return b.GetCreationTimestamp().Compare(a.GetCreationTimestamp().Time)
	})
	if !failed {
		if worst, hard := blamePods(x, &e, current, failing); hard {
			e.Verdict.Status, e.Verdict.Reason, e.Verdict.Message = health.Failing, health.Reason(worst.Reason), worst.Message
		}
		if failing && len(e.Blame) == 0 {
			e.Unknown = engine.Union(e.Unknown, unread)
		}
		return e
	}
	f := jobFailed(job, e.Verdict)
	for _, pod := range current {
		for _, t := range pods.Problems(x, pod) {
			if t.Code != engine.CodeCrash || len(pods.DownDatabases(x, pods.ViewOf(x, pod))) > 0 {
				e.Blame = append(e.Blame, object.RefOf(pod))
			} else if len(e.Blame) == 0 {
				f.Message += "; " + t.Message
				f.Evidence, f.Fixes = append(f.Evidence, t.Evidence...), append(t.Fixes, f.Fixes...)
			}
		}
		if len(f.Evidence) > 1 || len(e.Blame) > 0 {
			break
		}
	}
	if len(e.Blame) == 0 && len(f.Evidence) == 1 {
		if e.Unknown = unread; len(unread) == 0 {
			f.Message += "; its pods no longer exist"
		}
	}
	e.Findings = append(e.Findings, f)
	return e
}

func jobVerdict(job *unstructured.Unstructured) health.Verdict {
	v := health.Verdict{Ref: object.RefOf(job), Status: health.Progressing, Reason: "Running", Since: job.GetCreationTimestamp().Time}
	done := object.ConditionOf(job, "Complete")
	if done.Status != "True" {
		done = object.ConditionOf(job, "SuccessCriteriaMet")
	}
	failed := object.ConditionOf(job, "Failed")
	if failed.Status != "True" {
		failed = object.ConditionOf(job, "FailureTarget") // failed, with pods still terminating
	}
	switch {
	case done.Status == "True":
		v.Status, v.Reason, v.Since = health.Ready, "", done.Since
	case failed.Status == "True":
		v = v.FromCondition(health.Failing, failed)
	case object.Bool(job.Object, "spec", "suspend"):
		v.Status, v.Reason, v.Message, v.Since = health.Suspended, "Suspended", "it is suspended", time.Time{}
		if suspended := object.ConditionOf(job, "Suspended"); suspended.Status == "True" {
			v.Since = suspended.Since
		}
	default:
		if started := object.Time(job.Object, "status", "startTime"); !started.IsZero() { // later than its creation if it was suspended
			v.Since = started
		}
	}
	return v
}

// jobFailed is the finding on a failed Job.
func jobFailed(job *unstructured.Unstructured, v health.Verdict) finding.Finding {
	why := map[string]string{
		"BackoffLimitExceeded": fmt.Sprintf("its pods failed %d times", object.Int(job.Object, "status", "failed")),
		"DeadlineExceeded":     fmt.Sprintf("it did not finish within its deadline of %d s", object.Int(job.Object, "spec", "activeDeadlineSeconds")),
	}[string(v.Reason)]
	if why == "" {
		why = v.Message
	}
	proof := engine.ProofOf(job, object.ConditionOf(job, "Failed"))
	if early := object.ConditionOf(job, "FailureTarget"); object.ConditionOf(job, "Failed").Status != "True" {
		proof = engine.ProofOf(job, early)
	}
	return finding.Finding{
		Code: engine.CodeJobFailed, Ref: v.Ref, Reason: string(v.Reason), Severity: finding.Critical, Since: v.Since,
		Message:  fmt.Sprintf("%s failed: %s", v.Ref, why),
		Evidence: []finding.Evidence{proof},
		Fixes: []finding.Fix{{Text: "Read its log",
			Command: escape.Command("kubectl logs job/%s -n %s --all-containers", v.Ref.Name, v.Ref.Namespace)}},
	}
}
