package diagnose

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// explainAutoscaler warns when an autoscaler can't do its work. It never is why
// something is down: without it, the replicas stay as many as they were. So
// below something that failed, it reports nothing.
func explainAutoscaler(x *examiner, obj *unstructured.Unstructured, failing bool) exam {
	ref := finding.RefOf(obj)
	e := exam{verdict: health.Verdict{Ref: ref, Status: health.Ready, Since: obj.GetCreationTimestamp().Time}}
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
	x    *examiner
	obj  *unstructured.Unstructured
	exam *exam
}

// target is what it scales.
func (a autoscaler) target() finding.Ref {
	target := field.Map(a.obj.Object, "spec", "scaleTargetRef")
	return finding.Ref{APIVersion: field.Text(target, "apiVersion"), Kind: field.Text(target, "kind"), Namespace: a.obj.GetNamespace(), Name: field.Text(target, "name")}
}

func (a autoscaler) warning(reason, message string, c field.Condition) finding.Finding {
	f := finding.Finding{
		Code: codeAutoscaler, Ref: finding.RefOf(a.obj), Reason: reason, Severity: finding.Warning, Since: c.Since, Message: message,
	}
	if c.Status != "" {
		f.Evidence = append(f.Evidence, quote(a.obj, c))
	}
	return f
}

// targetMissing reports a target that does not exist.
func (a autoscaler) targetMissing() bool {
	target := a.target()
	if target.Name == "" || a.x.snap.Lookup(target).Presence != snapshot.Absent {
		return false
	}
	c := field.ConditionOf(a.obj, "AbleToScale")
	f := a.warning("TargetNotFound", fmt.Sprintf("%s scales %s, which does not exist", finding.RefOf(a.obj), target), c)
	prove(&f, a.obj, "spec.scaleTargetRef.name")
	f.Evidence = append(f.Evidence, absent(target))
	f.Fixes = []finding.Fix{{Text: "Compare spec.scaleTargetRef with the workloads of the namespace",
		Command: escape.Command("kubectl get %s -n %s", finding.PluralOf(target.Kind), target.Namespace), File: a.x.file(a.obj, "spec.scaleTargetRef.name")}}
	if near, ok := a.x.nearest(target); ok {
		f.Message += fmt.Sprintf("; did you mean %s?", near.Name)
	}
	a.exam.findings = append(a.exam.findings, f)
	return true
}

// disabled reports an autoscaler that could not work out how many replicas there
// are to be.
func (a autoscaler) disabled() bool {
	for _, kind := range []string{"AbleToScale", "ScalingActive"} {
		c := field.ConditionOf(a.obj, kind)
		if c.Status != "False" || c.Reason == "ScalingDisabled" { // its target is scaled to zero
			continue
		}
		if a.x.now.Sub(c.Since) < settling {
			return true // metrics of new pods take a while
		}
		f := a.warning(c.Reason, fmt.Sprintf("%s can't scale %s: %s", finding.RefOf(a.obj), a.target().Kind+" "+a.target().Name, firstLine(c.Message)), c)
		f.Fixes = a.metricsFixes(c.Message)
		a.exam.findings = append(a.exam.findings, f)
		return true
	}
	return false
}

// metricsFixes are what to do where the metrics don't tell how many replicas there
// are to be.
func (a autoscaler) metricsFixes(message string) []finding.Fix {
	if strings.Contains(message, "missing request for") {
		return []finding.Fix{{Text: "Set resources.requests in all containers of the target: utilization is relative to them",
			Command: escape.Command("kubectl get %s %s -n %s -o yaml", strings.ToLower(a.target().Kind), a.target().Name, a.obj.GetNamespace())}}
	}
	return []finding.Fix{{Text: "Check whether metrics are served", Command: "kubectl top pods -n " + escape.ShellWord(a.obj.GetNamespace())}}
}

// atMaximum reports an autoscaler whose load asks for more replicas than it may
// have (kubernetes v1.36, pkg/controller/podautoscaler/horizontal.go, reason
// TooManyReplicas). Where its metrics are within their targets, it need not grow.
func (a autoscaler) atMaximum() {
	c := field.ConditionOf(a.obj, "ScalingLimited")
	maximum := field.Int(a.obj.Object, "spec", "maxReplicas")
	if c.Status != "True" || c.Reason != "TooManyReplicas" || field.Int(a.obj.Object, "status", "currentReplicas") < maximum {
		return
	}
	if above, known := a.aboveTarget(); known && !above {
		return
	}
	f := a.warning(c.Reason, fmt.Sprintf("%s is at its maximum of %d replicas, and its load requires more", finding.RefOf(a.obj), maximum), c)
	prove(&f, a.obj, "spec.maxReplicas", "status.currentReplicas", "status.currentMetrics")
	f.Fixes = []finding.Fix{{Text: "Check which metric is above its target before you raise spec.maxReplicas: a metric that does not fall with more replicas always requires more",
		Command: describe(finding.RefOf(a.obj)), File: a.x.file(a.obj, "spec.maxReplicas")}}
	a.exam.findings = append(a.exam.findings, f)
}

// aboveTarget compares the utilization of resources with what is to be.
func (a autoscaler) aboveTarget() (above, known bool) {
	for _, metric := range field.List(a.obj.Object, "spec", "metrics") {
		name := field.Text(metric, "resource", "name")
		target := field.Int(metric, "resource", "target", "averageUtilization")
		for _, current := range field.List(a.obj.Object, "status", "currentMetrics") {
			now := field.Int(current, "resource", "current", "averageUtilization")
			if name == "" || field.Text(current, "resource", "name") != name || target == 0 || now == 0 {
				continue
			}
			known = true
			above = above || now > target
		}
	}
	return above, known
}

// withoutMetrics tells whether an autoscaler lacks nothing but metrics which the
// cluster does not serve at all: that is no tenant's matter.
func withoutMetrics(scaler *unstructured.Unstructured) bool {
	c := field.ConditionOf(scaler, "ScalingActive")
	return c.Status == "False" && strings.Contains(c.Message, "could not find the requested resource")
}
