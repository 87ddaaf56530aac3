package diagnose

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// explainKustomization follows a layer to what blocks it: the layers that it depends
// on, its source, what it could not build or apply, and its health checks. The checked
// objects are examined live, whatever the message of the layer is: the message may be
// older than the fix, or not exist yet.
func explainKustomization(x *examiner, obj *unstructured.Unstructured, failing bool) exam {
	e := exam{verdict: x.health.Of(finding.RefOf(obj))}
	k := kustomization{x: x, obj: obj, ready: field.ConditionOf(obj, "Ready"), exam: &e}
	switch {
	case e.verdict.Renewing: // ready by its last try; the next may be failing already
		k.checks("")
		return e
	case e.verdict.Status == health.Ready:
		return e
	case e.verdict.Status == health.Suspended:
		e.findings = append(e.findings, k.suspended())
		return e
	case e.verdict.Reason == health.Stale:
		x.explainStale(obj, &e)
		return e
	case e.verdict.Reason == health.DependencyCycle:
		e.findings = append(e.findings, x.cycle(e.verdict))
		return e
	case isAbandoned(e.verdict):
		x.stuck(obj, &e)
		return e
	}
	if x.dependencies(obj, &e) || k.readyExpr() || k.invalidExpression() {
		return e
	}
	k.failed = k.lastFailure()
	message := k.failed.message
	if !k.denied() && k.sourced(message) && k.built(message) && k.applied(message) {
		k.checks(message)
	}
	return e
}

// kustomization is one layer under examination.
type kustomization struct {
	x     *examiner
	obj   *unstructured.Unstructured
	ready field.Condition
	exam  *exam
	// failed is its last failed attempt, empty if there is none.
	failed failure
}

// failure is a failed attempt of Flux: its message, and the field that has it.
type failure struct {
	message string
	proof   finding.Evidence
}

func (k kustomization) finding(code finding.Code, reason, message string) finding.Finding {
	return finding.Finding{
		Code: code, Ref: finding.RefOf(k.obj), Reason: reason, Message: message,
		Severity: finding.Critical, Since: k.exam.verdict.Since,
	}
}

// retry is the command that makes Flux reconcile the layer now.
func (k kustomization) retry(text string) finding.Fix {
	return finding.Fix{Text: text, Command: escape.Command("flux reconcile kustomization %s -n %s --with-source", k.obj.GetName(), k.obj.GetNamespace())}
}

// lastFailure is the last failed attempt at the layer: according to its Ready
// condition, or while the next attempt runs, according to the statement of its verdict.
// Its message is empty if it is lost.
func (k kustomization) lastFailure() failure {
	verdict := k.exam.verdict
	underway := k.ready.Reason == "Progressing" || health.Reason(k.ready.Reason) == health.Canceled
	switch {
	case k.ready.Status == "False" && !underway:
		return failure{k.ready.Message, quote(k.obj, k.ready)}
	case verdict.Status != health.Failing:
		return failure{}
	case verdict.Statement.Message == "":
		return failure{proof: k.failedAttemptField()}
	}
	return failure{verdict.Statement.Message, quoteStatement(verdict)}
}

// quoteStatement is the statement of a verdict, as evidence.
func quoteStatement(v health.Verdict) finding.Evidence {
	value := v.Statement.Message
	if !strings.HasPrefix(v.Statement.Field, "event ") {
		value = v.Statement.Reason + ": " + value
	}
	return finding.Evidence{Ref: v.Ref, Field: v.Statement.Field, Value: value, At: v.Statement.At}
}

// failedAttemptField is the field that shows a failed attempt without its message.
func (k kustomization) failedAttemptField() finding.Evidence {
	history := field.List(k.obj.Object, "status", "history")
	if len(history) > 0 && field.Text(history[0], "lastReconciledStatus") == string(k.exam.verdict.Reason) {
		return evidence(k.obj, "status.history[0].lastReconciledStatus", string(k.exam.verdict.Reason), field.Time(history[0], "lastReconciled"))
	}
	if reconciling := field.ConditionOf(k.obj, "Reconciling"); reconciling.Status != "" {
		return quote(k.obj, reconciling)
	}
	return quote(k.obj, k.ready)
}

func (k kustomization) suspended() finding.Finding {
	f := k.finding(codeSuspended, "Suspended", fmt.Sprintf("%s is suspended: Flux does not reconcile it", finding.RefOf(k.obj)))
	f.Severity = finding.Warning
	f.Evidence = []finding.Evidence{evidence(k.obj, "spec.suspend", "true", time.Time{})}
	applied := field.Text(k.obj.Object, "status", "lastAppliedRevision")
	if source := k.x.snap.Lookup(health.SourceOf(k.obj)).Object; source != nil {
		newest := field.Text(source.Object, "status", "artifact", "revision")
		switch {
		case newest == "" || newest == applied:
		case applied == "":
			f.Message += "; it has not been applied yet, its source is at " + newest
		default:
			f.Message += "; it is at " + applied + ", its source at " + newest
		}
		if newest != "" && newest != applied {
			if applied != "" {
				f.Evidence = append(f.Evidence, evidence(k.obj, "status.lastAppliedRevision", applied, time.Time{}))
			}
			f.Evidence = append(f.Evidence, evidence(source, "status.artifact.revision", newest, field.Time(source.Object, "status", "artifact", "lastUpdateTime")))
		}
	}
	f.Fixes = []finding.Fix{{Text: "Find out why it was suspended, then resume it",
		Command: escape.Command("flux resume kustomization %s -n %s", k.obj.GetName(), k.obj.GetNamespace())}}
	return f
}

// invalidExpression reports a CEL expression of the layer that can't be compiled: the
// layer is stalled, and not retried until it changes (kustomize-controller 1.9,
// InvalidCELExpressionReason).
func (k kustomization) invalidExpression() bool {
	if k.exam.verdict.Reason != "InvalidCELExpression" {
		return false
	}
	f := k.finding(codeReconcileFailed, string(k.exam.verdict.Reason),
		fmt.Sprintf("%s has an expression that can't be evaluated: %s", finding.RefOf(k.obj), firstLine(k.exam.verdict.Message)))
	for _, kind := range []string{"Stalled", "Ready"} {
		if c := field.ConditionOf(k.obj, kind); c.Reason == string(k.exam.verdict.Reason) {
			f.Evidence = append(f.Evidence, quote(k.obj, c))
			break
		}
	}
	f.Fixes = []finding.Fix{{Text: "Correct spec.healthCheckExprs, or readyExpr in spec.dependsOn; Flux does not retry until the layer changes", File: k.x.definedIn(k.obj)}}
	k.exam.findings = append(k.exam.findings, f)
	return true
}

// readyExpr reports a dependency that is ready, but not according to the expression of
// the layer.
func (k kustomization) readyExpr() bool {
	dep, ok := k.x.message(k.ready.Message).Dependency()
	if !ok || dep.Problem != fluxmsg.DependencyReadyExpr {
		return false
	}
	f := k.finding(codeReadyExpr, k.ready.Reason, firstLine(k.ready.Message))
	f.Evidence = []finding.Evidence{quote(k.obj, k.ready)}
	f.Fixes = []finding.Fix{{Text: "Compare readyExpr in spec.dependsOn with the dependency's status", File: k.x.definedIn(k.obj),
		Command: escape.Command("kubectl get kustomization %s -n %s -o yaml", dep.Name, cmp.Or(dep.Namespace, k.obj.GetNamespace()))}}
	k.exam.findings = append(k.exam.findings, f)
	return true
}

// timeoutOf is how long an attempt at a layer may take.
func timeoutOf(obj *unstructured.Unstructured) time.Duration { return health.Timeout(obj) }
