package workload

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// ExplainAutoscaler warns of an autoscaler that does not work. It is never the cause of
// an outage: without it, the number of replicas stays the same. So it reports nothing
// below an object that has failed.
func ExplainAutoscaler(x *engine.Context, obj *unstructured.Unstructured, failing bool) engine.Result {
	ref := object.RefOf(obj)
	e := engine.Result{Verdict: health.Verdict{Ref: ref, Status: health.Ready, Since: obj.GetCreationTimestamp().Time}}
	if failing || obj.GetDeletionTimestamp() != nil {
		return e
	}
	a := autoscaler{x, obj, &e}
	if !a.targetMissing() && !a.disabled() {
		a.atMaximum()
	}
	return e
}

// autoscaler is one HorizontalPodAutoscaler under examination.
type autoscaler struct {
	x    *engine.Context
	obj  *unstructured.Unstructured
	exam *engine.Result
}

// target is the object that it scales.
func (a autoscaler) target() object.Ref {
	target := object.Map(a.obj.Object, "spec", "scaleTargetRef")
	return object.Ref{APIVersion: object.Text(target, "apiVersion"), Kind: object.Text(target, "kind"), Namespace: a.obj.GetNamespace(), Name: object.Text(target, "name")}
}

func (a autoscaler) warning(reason, message string, c object.Condition) finding.Finding {
	f := finding.Finding{
		Code: engine.CodeAutoscaler, Ref: object.RefOf(a.obj), Reason: reason, Severity: finding.Warning, Since: c.Since, Message: message,
	}
	if c.Status != "" {
		f.Evidence = append(f.Evidence, engine.Quote(a.obj, c))
	}
	return f
}

// targetMissing reports a target that does not exist.
func (a autoscaler) targetMissing() bool {
	target := a.target()
	if target.Name == "" || a.x.Snap.Lookup(target).Presence != snapshot.Absent {
		return false
	}
	c := object.ConditionOf(a.obj, "AbleToScale")
	f := a.warning("TargetNotFound", fmt.Sprintf("%s scales %s, which does not exist", object.RefOf(a.obj), target), c)
	engine.Prove(&f, a.obj, "spec.scaleTargetRef.name")
	f.Evidence = append(f.Evidence, engine.Absent(target))
	f.Fixes = []finding.Fix{{Text: "Compare spec.scaleTargetRef with the workloads of the namespace",
		Command: escape.Command("kubectl get %s -n %s", object.PluralOf(target.Kind), target.Namespace), File: flux.File(a.x, a.obj, "spec.scaleTargetRef.name")}}
	if near, ok := a.x.Nearest(target); ok {
		f.Message += fmt.Sprintf("; did you mean %s?", near.Name)
	}
	a.exam.Findings = append(a.exam.Findings, f)
	return true
}

// disabled reports an autoscaler that could not compute the number of replicas.
func (a autoscaler) disabled() bool {
	for _, kind := range []string{"AbleToScale", "ScalingActive"} {
		c := object.ConditionOf(a.obj, kind)
		if c.Status != "False" || c.Reason == "ScalingDisabled" { // its target is scaled to zero
			continue
		}
		if a.x.Now.Sub(c.Since) < engine.RolloutTimeout {
			return true // metrics of new pods are not available yet
		}
		f := a.warning(c.Reason, fmt.Sprintf("%s can't scale %s: %s", object.RefOf(a.obj), a.target().Kind+" "+a.target().Name, health.FirstLine(c.Message)), c)
		f.Fixes = a.metricsFixes(c.Message)
		a.exam.Findings = append(a.exam.Findings, f)
		return true
	}
	return false
}

// metricsFixes are the fixes if the metrics do not determine the number of replicas.
func (a autoscaler) metricsFixes(message string) []finding.Fix {
	if strings.Contains(message, "missing request for") {
		return []finding.Fix{{Text: "Set resources.requests in all containers of the target: utilization is relative to them",
			Command: escape.Command("kubectl get %s %s -n %s -o yaml", strings.ToLower(a.target().Kind), a.target().Name, a.obj.GetNamespace())}}
	}
	return []finding.Fix{{Text: "Check whether metrics are served", Command: "kubectl top pods -n " + escape.ShellWord(a.obj.GetNamespace())}}
}

// atMaximum reports an autoscaler whose load requires more replicas than its maximum
// (kubernetes v1.36, pkg/controller/podautoscaler/horizontal.go, reason TooManyReplicas).
// If its metrics are within their targets, it does not need to grow.
func (a autoscaler) atMaximum() {
	c := object.ConditionOf(a.obj, "ScalingLimited")
	maximum := object.Int(a.obj.Object, "spec", "maxReplicas")
	if c.Status != "True" || c.Reason != "TooManyReplicas" || object.Int(a.obj.Object, "status", "currentReplicas") < maximum {
		return
	}
	if above, known := a.aboveTarget(); known && !above {
		return
	}
	f := a.warning(c.Reason, fmt.Sprintf("%s is at its maximum of %d replicas, and its load requires more", object.RefOf(a.obj), maximum), c)
	engine.Prove(&f, a.obj, "spec.maxReplicas", "status.currentReplicas", "status.currentMetrics")
	f.Fixes = []finding.Fix{{Text: "Check which metric is above its target before you raise spec.maxReplicas: a metric that does not fall with more replicas always requires more",
		Command: engine.Describe(object.RefOf(a.obj)), File: flux.File(a.x, a.obj, "spec.maxReplicas")}}
	a.exam.Findings = append(a.exam.Findings, f)
}

// aboveTarget compares the utilization of resources with its target.
func (a autoscaler) aboveTarget() (above, known bool) {
	for _, metric := range object.List(a.obj.Object, "spec", "metrics") {
		name := object.Text(metric, "resource", "name")
		target := object.Int(metric, "resource", "target", "averageUtilization")
		for _, current := range object.List(a.obj.Object, "status", "currentMetrics") {
			now := object.Int(current, "resource", "current", "averageUtilization")
			if name == "" || object.Text(current, "resource", "name") != name || target == 0 || now == 0 {
				continue
			}
			known = true
			above = above || now > target
		}
	}
	return above, known
}

// WithoutMetrics reports whether an autoscaler fails only because the cluster serves no
// metrics at all, which is not a problem of the tenant.
func WithoutMetrics(scaler *unstructured.Unstructured) bool {
	c := object.ConditionOf(scaler, "ScalingActive")
	return c.Status == "False" && strings.Contains(c.Message, "could not find the requested resource")
}
