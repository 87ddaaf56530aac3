package diagnose

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

func init() { register(explainKustomization, health.KustomizationKind) }

// explainKustomization follows a layer to what holds it up: those it depends
// on, its source, what it could not build or apply, and what it checks. What it
// checks is looked at live, whatever the layer's own message says: the message
// may be older than the mend, or not be there yet.
func explainKustomization(x *examiner, obj *unstructured.Unstructured, failing bool) exam {
	if obj.GetDeletionTimestamp() != nil {
		return explainTerminating(x, obj, failing)
	}
	e := exam{verdict: x.health.Of(finding.RefOf(obj))}
	k := kustomization{x, obj, conditionOf(obj, "Ready"), &e}
	switch {
	case e.verdict.Renewing: // ready by its last try; the next may be failing already
		k.checks("")
		return e
	case e.verdict.Status == health.Ready:
		return e
	case e.verdict.Status == health.Suspended:
		e.findings = append(e.findings, k.suspended())
		return e
	case e.verdict.Reason == "Stale":
		x.silent(obj, &e)
		return e
	case e.verdict.Reason == "DependencyCycle":
		e.findings = append(e.findings, x.cycle(e.verdict))
		return e
	}
	if x.dependencies(obj, &e) || k.readyExpr() {
		return e
	}
	message := k.lastFailure()
	if !k.denied(message) && k.sourced(message) && k.built(message) && k.applied(message) {
		k.checks(message)
	}
	return e
}

// kustomization is one layer under examination.
type kustomization struct {
	x     *examiner
	obj   *unstructured.Unstructured
	ready condition
	exam  *exam
}

func (k kustomization) finding(code finding.Code, reason, message string) finding.Finding {
	return finding.Finding{
		Code: code, Ref: finding.RefOf(k.obj), Reason: reason, Message: message,
		Severity: finding.Critical, Since: k.exam.verdict.Since,
	}
}

// retry is the command that makes Flux try now.
func (k kustomization) retry(text string) finding.Fix {
	return finding.Fix{Text: text, Command: fmt.Sprintf("flux reconcile kustomization %s -n %s --with-source", k.obj.GetName(), k.obj.GetNamespace())}
}

// lastFailure is the words of the layer's last failed try: of its Ready
// condition, or while the next one runs, of the newest Warning event about the
// same failure, or about any failed try.
func (k kustomization) lastFailure() string {
	underway := k.ready.reason == "Progressing" || k.ready.reason == "HealthCheckCanceled"
	if k.ready.status == "False" && !underway {
		return k.ready.message
	}
	if k.exam.verdict.Status != health.Failing {
		return ""
	}
	warnings := k.x.warnings(k.obj)
	for _, e := range warnings {
		if e.reason == k.exam.verdict.Reason {
			return e.message
		}
	}
	for _, e := range warnings {
		if e.reason != "DependencyNotReady" && e.reason != "HealthCheckCanceled" && e.reason != "Progressing" {
			return e.message
		}
	}
	return strings.TrimPrefix(k.exam.verdict.Message, "trying again; last try: ")
}

func (k kustomization) suspended() finding.Finding {
	f := k.finding(codeSuspended, "Suspended", fmt.Sprintf("%s is switched off: Flux applies nothing of it", finding.RefOf(k.obj)))
	f.Severity = finding.Warning
	f.Evidence = []finding.Evidence{evidence(k.obj, "spec.suspend", "true", time.Time{})}
	applied := field.Text(k.obj.Object, "status", "lastAppliedRevision")
	if source := k.x.snap.Lookup(health.SourceOf(k.obj)).Object; source != nil {
		newest := field.Text(source.Object, "status", "artifact", "revision")
		switch {
		case newest == "" || newest == applied:
		case applied == "":
			f.Message += "; nothing of it was applied yet, its source is at " + newest
		default:
			f.Message += "; it is at " + applied + ", its source at " + newest
		}
		if newest != "" && newest != applied {
			f.Evidence = append(f.Evidence, evidence(k.obj, "status.lastAppliedRevision", applied, time.Time{}),
				evidence(source, "status.artifact.revision", newest, field.Time(source.Object, "status", "artifact", "lastUpdateTime")))
		}
	}
	f.Fixes = []finding.Fix{{Text: "Switch it on again, once whoever switched it off agrees",
		Command: fmt.Sprintf("flux resume kustomization %s -n %s", k.obj.GetName(), k.obj.GetNamespace())}}
	return f
}

// readyExpr reports a dependency that is ready, but not by the layer's own
// expression.
func (k kustomization) readyExpr() bool {
	dep, ok := fluxmsg.ParseDependency(k.ready.message)
	if !ok || dep.Problem != fluxmsg.DependencyReadyExpr {
		return false
	}
	f := k.finding(codeReadyExpr, k.ready.reason, firstLine(k.ready.message))
	f.Evidence = []finding.Evidence{evidence(k.obj, k.ready.field(), k.ready.message, k.ready.since)}
	f.Fixes = []finding.Fix{{Text: "Check readyExpr in spec.dependsOn against the dependency's status", File: k.x.definedIn(k.obj)}}
	k.exam.findings = append(k.exam.findings, f)
	return true
}

// timeoutOf is how long a layer's health checks may take: spec.timeout, or the
// interval less 30 s, and 30 s at least (kustomize-controller api v1, GetTimeout).
func timeoutOf(obj *unstructured.Unstructured) time.Duration {
	timeout := field.Duration(obj.Object, "spec", "interval") - 30*time.Second
	if own := field.Duration(obj.Object, "spec", "timeout"); own > 0 {
		timeout = own
	}
	return max(30*time.Second, timeout)
}
