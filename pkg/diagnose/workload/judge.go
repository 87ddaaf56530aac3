package workload

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/selfreport"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// replicaFields count the pods of workloads.
var replicaFields = []string{
	"spec.replicas", "status.replicas", "status.updatedReplicas", "status.readyReplicas", "status.availableReplicas", "status.unavailableReplicas",
	"status.desiredNumberScheduled", "status.updatedNumberScheduled", "status.numberReady", "status.numberAvailable", "status.numberUnavailable",
}

// JudgeWorkload judges by the counters and conditions of a workload (apps/v1).
func JudgeWorkload(x *engine.Context, obj *unstructured.Unstructured) engine.Result {
	if e, ok := selfreport.JudgeDeleted(x, obj); ok {
		return e
	}
	v := x.WorkloadVerdict(obj)
	var proof []finding.Evidence
	message := v.Message
	for _, c := range selfreport.Conditions(obj) {
		if c.Type == "ReplicaFailure" && c.Status == "True" && v.Status == health.Progressing {
			v.Status, v.Reason, v.Since = health.Failing, health.Reason(c.Reason), c.Since
		}
		if c.Verdict() != health.Ready {
			proof = append(proof, c.Proof(obj))
			if c.Type != "Available" && c.Message != "" { // which repeats the counters
				message = health.FirstLine(c.Message)
			}
		}
	}
	proof = append(proof, selfreport.QuoteFields(obj, replicaFields...)...)
	updated, wanted := object.Int(obj.Object, "status", "updatedNumberScheduled"), object.Int(obj.Object, "status", "desiredNumberScheduled")
	switch {
	case v.Status == health.Suspended:
		return engine.Result{Verdict: v, Findings: []finding.Finding{scaledToZero(x, obj, false)}}
	case v.Status == health.Failing:
		return selfreport.OwnFinding(obj, v.Status, engine.CodeReplicasMissing, finding.Critical, string(v.Reason), message, v.Since, proof...)
	case v.Status == health.Progressing:
		return selfreport.OwnFinding(obj, v.Status, engine.CodeUnderWay, finding.Warning, string(v.Reason), message, v.Since, proof...)
	case obj.GetKind() == object.DaemonSetKind.Kind && updated < wanted && object.Text(obj.Object, "spec", "updateStrategy", "type") != "OnDelete":
		return selfreport.OwnFinding(obj, health.Progressing, engine.CodeUnderWay, finding.Warning, "RollingOut",
			fmt.Sprintf("%d of %d pods have been updated to the newest pod template", updated, wanted), time.Time{}, proof...)
	}
	if e, ok := selfreport.JudgeConditions(obj, selfreport.Conditions(obj)); ok {
		return e
	}
	return engine.Result{Verdict: v}
}

// JudgeJob judges a running Job by its counters (batch/v1).
func JudgeJob(x *engine.Context, job *unstructured.Unstructured) engine.Result {
	if e, ok := selfreport.JudgeDeleted(x, job); ok {
		return e
	}
	v := jobVerdict(job)
	switch v.Status {
	case health.Ready:
		return engine.Result{Verdict: v}
	case health.Suspended:
		e, _ := selfreport.JudgeSuspended(job)
		e.Verdict.Since, e.Findings[0].Since = v.Since, v.Since
		if c := object.ConditionOf(job, "Suspended"); c.Status == "True" {
			e.Findings[0].Evidence = append(e.Findings[0].Evidence, engine.QuoteWithStatus(job, c))
		}
		return e
	case health.Failing:
		return engine.Result{Verdict: v, Findings: []finding.Finding{jobFailed(job, v)}}
	}
	count := func(name string) int64 { return object.Int(job.Object, "status", name) }
	message := fmt.Sprintf("%d of %d pods have succeeded, %d are active, %d have failed",
		count("succeeded"), object.IntOr(1, job.Object, "spec", "completions"), count("active"), count("failed"))
	severity := finding.Info
	if count("failed") > 0 {
		severity = finding.Warning
	}
	return selfreport.OwnFinding(job, health.Progressing, engine.CodeUnderWay, severity, "Running", message, v.Since,
		selfreport.QuoteFields(job, "status.active", "status.ready", "status.succeeded", "status.failed", "spec.backoffLimit")...)
}

// JudgeCronJob compares the time of the last run with that of the last success. An
// active run is in the list (kubernetes v1.36, pkg/controller/cronjob): if no run is
// active and none has succeeded since the last one started, that one failed.
func JudgeCronJob(x *engine.Context, cron *unstructured.Unstructured) engine.Result {
	if e, ok := selfreport.JudgeDeleted(x, cron); ok {
		return e
	}
	if e, ok := selfreport.JudgeSuspended(cron); ok {
		return e
	}
	if e, ok := selfreport.JudgeCronEvents(x, cron); ok {
		return e
	}
	started, succeeded := object.Time(cron.Object, "status", "lastScheduleTime"), object.Time(cron.Object, "status", "lastSuccessfulTime")
	active := len(object.List(cron.Object, "status", "active"))
	if started.IsZero() || active > 0 || !succeeded.Before(started) {
		return selfreport.ReadyResult(cron, succeeded)
	}
	message := "its last run did not succeed"
	if succeeded.IsZero() {
		message = "none of its runs has succeeded"
	}
	e := selfreport.OwnFinding(cron, health.Failing, engine.CodeCronJob, finding.Critical, "LastRunFailed", message, started,
		selfreport.QuoteFields(cron, "status.lastScheduleTime", "status.lastSuccessfulTime")...)
	e.Findings[0].Message = object.RefOf(cron).String() + ": " + message
	e.Findings[0].Fixes = []finding.Fix{{Text: "Check its Jobs and what their pods printed", Command: "kubectl get jobs,pods -n " + escape.ShellWord(cron.GetNamespace())}}
	return e
}

// JudgeAutoscaler reports an autoscaler that can't compute the number of replicas, from
// the first time on (autoscaling/v2). Its target keeps running.
func JudgeAutoscaler(x *engine.Context, obj *unstructured.Unstructured) engine.Result {
	if e, ok := selfreport.JudgeDeleted(x, obj); ok {
		return e
	}
	for _, c := range selfreport.Conditions(obj) {
		if c.Status != "False" || c.Type != "AbleToScale" && c.Type != "ScalingActive" {
			continue
		}
		if c.Reason == "ScalingDisabled" {
			return selfreport.OwnFinding(obj, health.Suspended, engine.CodeHalted, finding.Info, c.Reason, c.Clause(), c.Since, c.Proof(obj))
		}
		e := selfreport.OwnFinding(obj, health.Ready, engine.CodeAutoscaler, finding.Warning, c.Reason, "it does not scale: "+c.Clause(), c.Since, c.Proof(obj))
		if strings.Contains(c.Message, "metric") || strings.Contains(c.Message, "missing request for") {
			e.Findings[0].Fixes = autoscaler{x: x, obj: obj}.metricsFixes(c.Message)
		}
		return engine.Result{Verdict: selfreport.ReadyResult(obj, c.Since).Verdict, Findings: e.Findings}
	}
	return selfreport.ReadyResult(obj, time.Time{})
}
