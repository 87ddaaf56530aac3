package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// replicaFields count the pods of workloads.
var replicaFields = []string{
	"spec.replicas", "status.replicas", "status.updatedReplicas", "status.readyReplicas", "status.availableReplicas", "status.unavailableReplicas",
	"status.desiredNumberScheduled", "status.updatedNumberScheduled", "status.numberReady", "status.numberAvailable", "status.numberUnavailable",
}

// judgeWorkload judges by the counters and conditions of a workload (apps/v1).
func judgeWorkload(x *examiner, obj *unstructured.Unstructured) exam {
	if e, ok := x.deleted(obj); ok {
		return e
	}
	v := x.workloadVerdict(obj)
	var proof []finding.Evidence
	says := v.Message
	for _, c := range ownConditions(obj) {
		if c.Type == "ReplicaFailure" && c.Status == "True" && v.Status == health.Progressing {
			v.Status, v.Reason, v.Since = health.Failing, health.Reason(c.Reason), c.Since
		}
		if c.verdict() != health.Ready {
			proof = append(proof, c.proof(obj))
			if c.Type != "Available" && c.Message != "" { // which repeats the counters
				says = firstLine(c.Message)
			}
		}
	}
	proof = append(proof, quoteFields(obj, replicaFields...)...)
	updated, wanted := field.Int(obj.Object, "status", "updatedNumberScheduled"), field.Int(obj.Object, "status", "desiredNumberScheduled")
	switch {
	case v.Status == health.Suspended:
		return exam{verdict: v, findings: []finding.Finding{x.scaledToZero(obj, false)}}
	case v.Status == health.Failing:
		return ownFinding(obj, v.Status, codeReplicasMissing, finding.Critical, string(v.Reason), says, v.Since, proof...)
	case v.Status == health.Progressing:
		return ownFinding(obj, v.Status, codeUnderWay, finding.Warning, string(v.Reason), says, v.Since, proof...)
	case obj.GetKind() == daemonSetKind.Kind && updated < wanted && field.Text(obj.Object, "spec", "updateStrategy", "type") != "OnDelete":
		return ownFinding(obj, health.Progressing, codeUnderWay, finding.Warning, "RollingOut",
			fmt.Sprintf("%d of %d pods have been updated to the newest pod template", updated, wanted), time.Time{}, proof...)
	}
	if e, ok := byConditions(obj, ownConditions(obj)); ok {
		return e
	}
	return exam{verdict: v}
}

// judgeJob judges a running Job by its counters (batch/v1).
func judgeJob(x *examiner, job *unstructured.Unstructured) exam {
	if e, ok := x.deleted(job); ok {
		return e
	}
	v := jobVerdict(job)
	switch v.Status {
	case health.Ready:
		return exam{verdict: v}
	case health.Suspended:
		e, _ := suspendedBySpec(job)
		e.verdict.Since, e.findings[0].Since = v.Since, v.Since
		if c := field.ConditionOf(job, "Suspended"); c.Status == "True" {
			e.findings[0].Evidence = append(e.findings[0].Evidence, quoteWithStatus(job, c))
		}
		return e
	case health.Failing:
		return exam{verdict: v, findings: []finding.Finding{jobFailed(job, v)}}
	}
	count := func(name string) int64 { return field.Int(job.Object, "status", name) }
	says := fmt.Sprintf("%d of %d pods have succeeded, %d are active, %d have failed",
		count("succeeded"), field.IntOr(1, job.Object, "spec", "completions"), count("active"), count("failed"))
	severity := finding.Info
	if count("failed") > 0 {
		severity = finding.Warning
	}
	return ownFinding(job, health.Progressing, codeUnderWay, severity, "Running", says, v.Since,
		quoteFields(job, "status.active", "status.ready", "status.succeeded", "status.failed", "spec.backoffLimit")...)
}

// judgeCronJob compares the time of the last run with that of the last success. An
// active run is in the list (kubernetes v1.36, pkg/controller/cronjob): if no run is
// active and none has succeeded since the last one started, that one failed.
func judgeCronJob(x *examiner, cron *unstructured.Unstructured) exam {
	if e, ok := x.deleted(cron); ok {
		return e
	}
	if e, ok := suspendedBySpec(cron); ok {
		return e
	}
	if e, ok := x.unscheduledCron(cron); ok {
		return e
	}
	started, succeeded := field.Time(cron.Object, "status", "lastScheduleTime"), field.Time(cron.Object, "status", "lastSuccessfulTime")
	active := len(field.List(cron.Object, "status", "active"))
	if started.IsZero() || active > 0 || !succeeded.Before(started) {
		return readyExam(cron, succeeded)
	}
	says := "its last run did not succeed"
	if succeeded.IsZero() {
		says = "none of its runs has succeeded"
	}
	e := ownFinding(cron, health.Failing, codeCronJob, finding.Critical, "LastRunFailed", says, started,
		quoteFields(cron, "status.lastScheduleTime", "status.lastSuccessfulTime")...)
	e.findings[0].Message = finding.RefOf(cron).String() + ": " + says
	e.findings[0].Fixes = []finding.Fix{{Text: "Check its Jobs and what their pods printed", Command: "kubectl get jobs,pods -n " + escape.ShellWord(cron.GetNamespace())}}
	return e
}

// judgeAutoscaler reports an autoscaler that can't compute the number of replicas, from
// the first time on (autoscaling/v2). Its target keeps running.
func judgeAutoscaler(x *examiner, obj *unstructured.Unstructured) exam {
	if e, ok := x.deleted(obj); ok {
		return e
	}
	for _, c := range ownConditions(obj) {
		if c.Status != "False" || c.Type != "AbleToScale" && c.Type != "ScalingActive" {
			continue
		}
		if c.Reason == "ScalingDisabled" {
			return ownFinding(obj, health.Suspended, codeHalted, finding.Info, c.Reason, c.says(), c.Since, c.proof(obj))
		}
		e := ownFinding(obj, health.Ready, codeAutoscaler, finding.Warning, c.Reason, "it does not scale: "+c.says(), c.Since, c.proof(obj))
		if strings.Contains(c.Message, "metric") || strings.Contains(c.Message, "missing request for") {
			e.findings[0].Fixes = autoscaler{x: x, obj: obj}.metricsFixes(c.Message)
		}
		return exam{verdict: readyExam(obj, c.Since).verdict, findings: e.findings}
	}
	return readyExam(obj, time.Time{})
}

// judgePod judges by everything that a pod reports, however young: what prevents it
// from serving, and for one that serves, what does not concern its containers.
func judgePod(x *examiner, pod *unstructured.Unstructured) exam {
	e := exam{verdict: podVerdict(pod)}
	if e.verdict.Status == health.Ready {
		return judgeServingPod(pod, e)
	}
	s := x.read(pod)
	for _, t := range x.troubles(pod) {
		f := s.finding(t)
		if t.soft {
			f.Severity = finding.Warning
		} else {
			e.verdict.Status = health.Failing
		}
		if e.verdict.Message == "" {
			e.verdict.Reason, e.verdict.Message = health.Reason(t.reason), t.message
		}
		e.findings = append(e.findings, f)
	}
	if len(e.findings) > 0 {
		return e
	}
	if own, ok := x.deleted(pod); ok {
		return own
	}
	if own, ok := byConditions(pod, ownConditions(pod)); ok {
		return own
	}
	return ownFinding(pod, e.verdict.Status, codeUnderWay, finding.Warning, string(e.verdict.Reason),
		"status.phase is "+field.Text(pod.Object, "status", "phase"), e.verdict.Since, quoteFields(pod, "status.phase", "status.reason", "status.message")...)
}

// judgeServingPod checks what else a ready pod reports: its ephemeral containers, a
// pending resize, an upcoming eviction.
func judgeServingPod(pod *unstructured.Unstructured, e exam) exam {
	for _, status := range field.List(pod.Object, "status", "ephemeralContainerStatuses") {
		name, reason := field.Text(status, "name"), field.Text(status, "state", "waiting", "reason")
		if reason == "" || startingReasons[reason] {
			continue
		}
		path := "status.ephemeralContainerStatuses[" + name + "].state.waiting."
		says := "its ephemeral container " + name + " does not start: " + reason
		if detail := firstLine(field.Text(status, "state", "waiting", "message")); detail != "" {
			says += ": " + detail
		}
		own := ownFinding(pod, health.Ready, codeOwnWarning, finding.Warning, reason, says, time.Time{}, quoteFields(pod, path+"reason", path+"message")...)
		return exam{verdict: e.verdict, findings: own.findings}
	}
	for _, c := range ownConditions(pod) {
		if slices.Contains([]string{"PodResizePending", "PodResizeInProgress", "DisruptionTarget"}, c.Type) && c.Status == "True" {
			own := ownFinding(pod, health.Ready, codeOwnWarning, finding.Warning, c.Reason, strings.TrimSuffix(c.Type+": "+c.says(), ": "), c.Since, c.proof(pod))
			return exam{verdict: e.verdict, findings: own.findings}
		}
	}
	return e
}
