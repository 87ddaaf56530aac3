package diagnose

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

func init() { register(explainHelmRelease, health.HelmReleaseKind) }

// explainHelmRelease follows a release to its dependencies, its chart, its
// values, what Helm says, and what it installed.
func explainHelmRelease(x *examiner, obj *unstructured.Unstructured, failing bool) exam {
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
	if x.dependencies(obj, &e) || r.chart() || r.values() {
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
	f.Fixes = []finding.Fix{{Text: "Switch it on again", Command: fmt.Sprintf("flux resume helmrelease %s -n %s", r.obj.GetName(), r.obj.GetNamespace())}}
	return f
}

// chart blames the chart while it has not been fetched, and tells whether it did.
func (r release) chart() bool {
	namespace, name, ok := strings.Cut(field.Text(r.obj.Object, "status", "helmChart"), "/")
	ref := finding.Ref{APIVersion: helmChartKind.Group + "/v1", Kind: helmChartKind.Kind, Namespace: namespace, Name: name}
	if chartRef := field.Map(r.obj.Object, "spec", "chartRef"); chartRef != nil {
		ref = finding.Ref{APIVersion: helmChartKind.Group + "/v1", Kind: field.Text(chartRef, "kind"),
			Namespace: field.Text(chartRef, "namespace"), Name: field.Text(chartRef, "name")}
		if ref.Namespace == "" {
			ref.Namespace = r.obj.GetNamespace()
		}
		ok = true
	}
	if !ok {
		return r.repository()
	}
	switch answer := r.x.snap.Lookup(ref); {
	case answer.Presence == snapshot.Present && sourceVerdict(r.x, answer.Object).Status != health.Ready:
		r.exam.blame = append(r.exam.blame, ref)
		return true
	case answer.Presence != snapshot.Present:
		return r.repository()
	}
	return false
}

// repository blames the chart's repository when that can't be fetched: all
// there is to go by while there is no HelmChart, or it can't be read.
func (r release) repository() bool {
	source := field.Map(r.obj.Object, "spec", "chart", "spec", "sourceRef")
	ref := sourceRef(source, r.obj.GetNamespace())
	if answer := r.x.snap.Lookup(ref); answer.Presence == snapshot.Present && sourceVerdict(r.x, answer.Object).Status == health.Failing {
		r.exam.blame = append(r.exam.blame, ref)
		return true
	}
	return false
}

func sourceRef(source map[string]any, home string) finding.Ref {
	ref := finding.Ref{APIVersion: helmChartKind.Group + "/v1", Kind: field.Text(source, "kind"),
		Namespace: field.Text(source, "namespace"), Name: field.Text(source, "name")}
	if ref.Namespace == "" {
		ref.Namespace = home
	}
	return ref
}

// values reports values that can't be put together: the Secret or ConfigMap
// that spec.valuesFrom names is not there.
func (r release) values() bool {
	missing := false
	for _, from := range field.List(r.obj.Object, "spec", "valuesFrom") {
		ref := finding.Ref{APIVersion: "v1", Kind: field.Text(from, "kind"), Namespace: r.obj.GetNamespace(), Name: field.Text(from, "name")}
		if field.Bool(from, "optional") || r.x.snap.Lookup(ref).Presence != snapshot.Absent {
			continue
		}
		missing = true
		f := r.finding(codeValuesMissing, "ValuesError", fmt.Sprintf("%s takes values from %s, which does not exist", finding.RefOf(r.obj), ref))
		f.Ref = ref
		f.Evidence = append(f.Evidence, evidence(r.obj, "spec.valuesFrom", ref.Kind+"/"+ref.Name, r.ready.since))
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Create %s, or correct spec.valuesFrom", ref), File: r.x.definedIn(r.obj)}, r.retry()}
		r.exam.findings = append(r.exam.findings, f)
	}
	if !missing && r.exam.verdict.Reason == "ValuesError" {
		f := r.finding(codeValuesMissing, "ValuesError", fmt.Sprintf("the values of %s can't be put together: %s", finding.RefOf(r.obj), firstLine(r.ready.message)))
		f.Fixes = []finding.Fix{{Text: "Correct spec.values and spec.valuesFrom", File: r.x.definedIn(r.obj)}, r.retry()}
		if parsed, ok := fluxmsg.ParseHelm(r.ready.message); ok && parsed.Values.Object.Name != "" {
			named := parsed.Values.Object
			f.Ref = finding.Ref{APIVersion: "v1", Kind: named.Kind, Namespace: named.Namespace, Name: named.Name}
		}
		r.exam.findings = append(r.exam.findings, f)
		missing = true
	}
	return missing
}
