package diagnose

import (
	"cmp"
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

// explainHelmRelease follows a release to its dependencies, its chart, its values, the
// messages of Helm, and the objects that it installed.
func explainHelmRelease(x *examiner, obj *unstructured.Unstructured, failing bool) exam {
	e := exam{verdict: x.health.Of(finding.RefOf(obj))}
	r := release{x: x, obj: obj, ready: field.ConditionOf(obj, "Ready"), exam: &e}
	switch {
	case e.verdict.Status == health.Ready:
		return e
	case e.verdict.Status == health.Suspended:
		e.findings = []finding.Finding{r.suspended()}
		return e
	case e.verdict.Reason == health.Stale:
		x.explainStale(obj, &e)
		return e
	case e.verdict.Reason == health.DependencyCycle:
		e.findings = append(e.findings, x.cycle(e.verdict))
		return e
	case e.verdict.Reason == health.Stuck:
		r.stuck()
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
	ready field.Condition
	exam  *exam
}

func (r release) finding(code finding.Code, reason, message string) finding.Finding {
	return finding.Finding{
		Code: code, Ref: finding.RefOf(r.obj), Reason: reason, Message: message, Severity: finding.Critical,
		Since: r.exam.verdict.Since, Evidence: r.conditions(),
	}
}

// conditions are the conditions of the release, as evidence.
func (r release) conditions() []finding.Evidence {
	var all []finding.Evidence
	for _, kind := range []string{"Stalled", "Released", "Ready"} {
		c := field.ConditionOf(r.obj, kind)
		bad := kind == "Stalled" && c.Status == "True" || kind != "Stalled" && c.Status == "False"
		if bad {
			all = append(all, quote(r.obj, c))
		}
	}
	return all
}

// retry is how to retry a release after its problem is corrected. A release that Flux
// no longer retries needs its failure counters reset, unless its own spec changes; any
// other release is retried anyway.
func (r release) retry() finding.Fix {
	stalled := field.ConditionOf(r.obj, "Stalled")
	switch {
	case stalled.Status == "True" && stalled.Reason == "MissingRollbackTarget":
		return finding.Fix{Text: "Then force an upgrade: there is no revision to roll back to", Command: r.flux("reconcile", "--force")}
	case r.stalled():
		return finding.Fix{Text: "Then reset the count of failures, so that Flux retries", Command: r.flux("reconcile", "--reset")}
	}
	return finding.Fix{Text: "Then retry immediately", Command: r.flux("reconcile")}
}

// stalled reports whether Flux no longer retries the release.
func (r release) stalled() bool {
	return field.ConditionOf(r.obj, "Stalled").Status == "True" || strings.HasSuffix(r.ready.Message, "retries exhausted")
}

// flux is a command of the flux CLI about the release.
func (r release) flux(verb string, flags ...string) string {
	command := escape.Command("flux %s helmrelease %s -n %s", verb, r.obj.GetName(), r.obj.GetNamespace())
	return strings.Join(append([]string{command}, flags...), " ")
}

// helmCommand is a helm command about the release.
func (r release) helmCommand(verb string, more ...string) string {
	name, _ := releaseName(r.obj)
	words := append([]string{escape.Command("helm %s %s", escape.Shell(verb), name)}, more...)
	return strings.Join(append(words, escape.Command("-n %s", r.storage())), " ")
}

// storage is the namespace where Helm keeps its records of the release
// (helm-controller api v2, GetStorageNamespace).
func (r release) storage() string {
	return cmp.Or(field.Text(r.obj.Object, "status", "storageNamespace"), field.Text(r.obj.Object, "spec", "storageNamespace"), r.obj.GetNamespace())
}

// inspect is what to inspect next if the evidence supports no fix.
func (r release) inspect() []finding.Fix {
	return []finding.Fix{
		{Text: "Read the log of helm-controller", Command: escape.Command("flux logs --kind=HelmRelease --name=%s -n %s", r.obj.GetName(), r.obj.GetNamespace())},
		{Text: "Compare the revisions that Helm has stored", Command: r.helmCommand("history")},
	}
}

// withProof adds evidence that is not in the list yet.
func withProof(have []finding.Evidence, more ...finding.Evidence) []finding.Evidence {
	for _, e := range more {
		if !slices.ContainsFunc(have, func(h finding.Evidence) bool { return h.Ref.Same(e.Ref) && h.Field == e.Field && h.Value == e.Value }) {
			have = append(have, e)
		}
	}
	return have
}

func (r release) suspended() finding.Finding {
	f := r.finding(codeSuspended, "Suspended", fmt.Sprintf("%s is suspended: Flux does not reconcile it", finding.RefOf(r.obj)))
	f.Severity = finding.Warning
	f.Evidence = append(f.Evidence, evidence(r.obj, "spec.suspend", "true", time.Time{}))
	f.Fixes = []finding.Fix{{Text: "Resume it", Command: r.flux("resume")}}
	return f
}

// denied reports a source in another namespace that the release is not allowed to use.
func (r release) denied() bool {
	if r.exam.verdict.Reason != "AccessDenied" {
		return false
	}
	f := r.finding(codeAccessDenied, "AccessDenied", fmt.Sprintf("%s is not allowed to use its chart: %s", finding.RefOf(r.obj), firstLine(r.ready.Message)))
	f.Fixes = []finding.Fix{{Text: "Move the source into the namespace of the release, or allow references across namespaces", File: r.x.definedIn(r.obj)}}
	r.exam.findings = append(r.exam.findings, f)
	return true
}
