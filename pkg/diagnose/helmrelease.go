package diagnose

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

func init() { register(explainHelmRelease, health.HelmReleaseKind) }

// explainHelmRelease follows a release to its dependencies, its chart, its
// values, what Helm says, and what it installed.
func explainHelmRelease(x *examiner, obj *unstructured.Unstructured, failing bool) exam {
	if obj.GetDeletionTimestamp() != nil {
		return explainTerminating(x, obj, failing)
	}
	e := exam{verdict: x.health.Of(finding.RefOf(obj))}
	r := release{x: x, obj: obj, ready: conditionOf(obj, "Ready"), exam: &e}
	switch {
	case e.verdict.Status == health.Ready:
		return e
	case e.verdict.Status == health.Suspended:
		e.findings = []finding.Finding{r.suspended()}
		return e
	case e.verdict.Reason == "Stale":
		x.silent(obj, &e)
		return e
	case e.verdict.Reason == "DependencyCycle":
		e.findings = append(e.findings, x.cycle(e.verdict))
		return e
	}
	if x.dependencies(obj, &e) || r.denied() || r.chart() || r.values() {
		return e
	}
	r.helm(failing || e.verdict.Status == health.Failing)
	return e
}

// release is one HelmRelease under examination.
type release struct {
	x     *examiner
	obj   *unstructured.Unstructured
	ready condition
	exam  *exam
}

func (r release) finding(code finding.Code, reason, message string) finding.Finding {
	return finding.Finding{
		Code: code, Ref: finding.RefOf(r.obj), Reason: reason, Message: message, Severity: finding.Critical,
		Since: r.exam.verdict.Since, Evidence: r.conditions(),
	}
}

// conditions are what the release says of itself, as evidence.
func (r release) conditions() []finding.Evidence {
	var all []finding.Evidence
	for _, kind := range []string{"Stalled", "Released", "Ready"} {
		c := conditionOf(r.obj, kind)
		bad := kind == "Stalled" && c.status == "True" || kind != "Stalled" && c.status == "False"
		if bad {
			all = append(all, evidence(r.obj, c.field(), c.reason+": "+c.message, c.since))
		}
	}
	return all
}

func (r release) retry() finding.Fix {
	return finding.Fix{Text: "Then have Flux try again, from zero",
		Command: fmt.Sprintf("flux reconcile helmrelease %s -n %s --reset --force", r.obj.GetName(), r.obj.GetNamespace())}
}

func (r release) suspended() finding.Finding {
	f := r.finding(codeSuspended, "Suspended", fmt.Sprintf("%s is switched off: Flux installs nothing of it", finding.RefOf(r.obj)))
	f.Severity = finding.Warning
	f.Evidence = append(f.Evidence, evidence(r.obj, "spec.suspend", "true", time.Time{}))
	f.Fixes = []finding.Fix{{Text: "Switch it on again", Command: fmt.Sprintf("flux resume helmrelease %s -n %s", r.obj.GetName(), r.obj.GetNamespace())}}
	return f
}

// denied reports a source in another namespace that may not be used from there.
func (r release) denied() bool {
	if r.exam.verdict.Reason != "AccessDenied" {
		return false
	}
	f := r.finding(codeAccessDenied, "AccessDenied", fmt.Sprintf("%s can't have its chart: %s", finding.RefOf(r.obj), firstLine(r.ready.message)))
	f.Fixes = []finding.Fix{{Text: "Allow the reference across namespaces, or move the source", File: r.x.definedIn(r.obj)}}
	r.exam.findings = append(r.exam.findings, f)
	return true
}
