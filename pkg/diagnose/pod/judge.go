package pod

import (
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/pods"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/selfreport"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// JudgePod judges by everything that a pod reports, regardless of its age: what prevents it
// from serving, and for one that serves, what does not concern its containers.
func JudgePod(x *engine.Context, pod *unstructured.Unstructured) engine.Result {
	e := engine.Result{Verdict: engine.PodVerdict(pod)}
	if e.Verdict.Status == health.Ready {
		return judgeServingPod(pod, e)
	}
	s := pods.ViewOf(x, pod)
	for _, t := range pods.Problems(x, pod) {
		f := s.Finding(t)
		if t.MayBeTemporary {
			f.Severity = finding.Warning
		} else {
			e.Verdict.Status = health.Failing
		}
		if e.Verdict.Message == "" {
			e.Verdict.Reason, e.Verdict.Message = health.Reason(t.Reason), t.Message
		}
		e.Findings = append(e.Findings, f)
	}
	if len(e.Findings) > 0 {
		return e
	}
	if own, ok := selfreport.JudgeDeleted(x, pod); ok {
		return own
	}
	if own, ok := selfreport.JudgeConditions(pod, selfreport.Conditions(pod)); ok {
		return own
	}
	return selfreport.OwnFinding(pod, e.Verdict.Status, engine.CodeUnderWay, finding.Warning, string(e.Verdict.Reason),
		"status.phase is "+object.Text(pod.Object, "status", "phase"), e.Verdict.Since, selfreport.QuoteFields(pod, "status.phase", "status.reason", "status.message")...)
}

// judgeServingPod checks what else a ready pod reports: its ephemeral containers, a
// pending resize, an upcoming eviction.
func judgeServingPod(pod *unstructured.Unstructured, e engine.Result) engine.Result {
	for _, status := range object.List(pod.Object, "status", "ephemeralContainerStatuses") {
		name, reason := object.Text(status, "name"), object.Text(status, "state", "waiting", "reason")
		if reason == "" || pods.StartingReasons[reason] {
			continue
		}
		path := "status.ephemeralContainerStatuses[" + name + "].state.waiting."
		message := "its ephemeral container " + name + " does not start: " + reason
		if detail := health.FirstLine(object.Text(status, "state", "waiting", "message")); detail != "" {
			message += ": " + detail
		}
		own := selfreport.OwnFinding(pod, health.Ready, engine.CodeOwnWarning, finding.Warning, reason, message, time.Time{}, selfreport.QuoteFields(pod, path+"reason", path+"message")...)
		return engine.Result{Verdict: e.Verdict, Findings: own.Findings}
	}
	for _, c := range selfreport.Conditions(pod) {
		if slices.Contains([]string{"PodResizePending", "PodResizeInProgress", "DisruptionTarget"}, c.Type) && c.Status == "True" {
			own := selfreport.OwnFinding(pod, health.Ready, engine.CodeOwnWarning, finding.Warning, c.Reason, strings.TrimSuffix(c.Type+": "+c.Clause(), ": "), c.Since, c.Proof(pod))
			return engine.Result{Verdict: e.Verdict, Findings: own.Findings}
		}
	}
	return e
}
