// Package kustomize explains why Kustomizations of Flux are not ready: download,
// decryption, variables, build, apply and health checks.
package kustomize

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/message"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// ExplainKustomization follows a layer to what blocks it: the layers that it depends
// on, its source, what it could not build or apply, and its health checks. The checked
// objects are examined live, whatever the message of the layer is: the message may be
// older than the fix, or not exist yet.
func ExplainKustomization(x *engine.Context, obj *unstructured.Unstructured, failing bool) engine.Result {
	e := engine.Result{Verdict: x.Health.Of(object.RefOf(obj))}
	k := flux.Kustomization{X: x, Obj: obj, Ready: object.ConditionOf(obj, "Ready"), Result: &e}
	switch {
	case e.Verdict.Renewing: // Ready by its last attempt; the next may be failing already
		checks(k, "")
		return e
	case e.Verdict.Status == health.Ready:
		return e
	case e.Verdict.Status == health.Suspended:
		e.Findings = append(e.Findings, suspended(k))
		return e
	case e.Verdict.Reason == health.Stale:
		flux.ExplainStale(x, obj, &e)
		return e
	case e.Verdict.Reason == health.DependencyCycle:
		e.Findings = append(e.Findings, flux.Cycle(x, e.Verdict))
		return e
	case flux.IsAbandoned(e.Verdict):
		flux.ExplainStuck(x, obj, &e)
		return e
	}
	if flux.ExplainDependencies(x, obj, &e) || readyExpr(k) || invalidExpression(k) {
		return e
	}
	k.Failed = lastFailure(k)
	message := k.Failed.Message
	if !denied(k) && sourced(k, message) && built(k, message) && applied(k, message) {
		checks(k, message)
	}
	return e
}

func kustomizationFinding(k flux.Kustomization, code finding.Code, reason, message string) finding.Finding {
	return finding.Finding{
		Code: code, Ref: object.RefOf(k.Obj), Reason: reason, Message: message,
		Severity: finding.Critical, Since: k.Result.Verdict.Since,
	}
}

// lastFailure is the last failed attempt at the layer: according to its Ready
// condition, or while the next attempt runs, according to the statement of its verdict.
// Its message is empty if it is lost.
func lastFailure(k flux.Kustomization) flux.Failure {
	verdict := k.Result.Verdict
	underway := k.Ready.Reason == "Progressing" || health.Reason(k.Ready.Reason) == health.Canceled
	switch {
	case k.Ready.Status == "False" && !underway:
		return flux.Failure{Message: k.Ready.Message, Proof: engine.Quote(k.Obj, k.Ready)}
	case verdict.Status != health.Failing:
		return flux.Failure{}
	case verdict.Statement.Message == "":
		return flux.Failure{Proof: failedAttemptField(k)}
	}
	return flux.Failure{Message: verdict.Statement.Message, Proof: quoteStatement(verdict)}
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
func failedAttemptField(k flux.Kustomization) finding.Evidence {
	history := object.List(k.Obj.Object, "status", "history")
	if len(history) > 0 && object.Text(history[0], "lastReconciledStatus") == string(k.Result.Verdict.Reason) {
		return engine.Evidence(k.Obj, "status.history[0].lastReconciledStatus", string(k.Result.Verdict.Reason), object.Time(history[0], "lastReconciled"))
	}
	if reconciling := object.ConditionOf(k.Obj, "Reconciling"); reconciling.Status != "" {
		return engine.Quote(k.Obj, reconciling)
	}
	return engine.Quote(k.Obj, k.Ready)
}

func suspended(k flux.Kustomization) finding.Finding {
	f := kustomizationFinding(k, engine.CodeSuspended, "Suspended", fmt.Sprintf("%s is suspended: Flux does not reconcile it", object.RefOf(k.Obj)))
	f.Severity = finding.Warning
	f.Evidence = []finding.Evidence{engine.Evidence(k.Obj, "spec.suspend", "true", time.Time{})}
	applied := object.Text(k.Obj.Object, "status", "lastAppliedRevision")
	if source := k.X.Snap.Lookup(health.SourceOf(k.Obj)).Object; source != nil {
		newest := object.Text(source.Object, "status", "artifact", "revision")
		switch {
		case newest == "" || newest == applied:
		case applied == "":
			f.Message += "; it has not been applied yet, its source is at " + newest
		default:
			f.Message += "; it is at " + applied + ", its source at " + newest
		}
		if newest != "" && newest != applied {
			if applied != "" {
				f.Evidence = append(f.Evidence, engine.Evidence(k.Obj, "status.lastAppliedRevision", applied, time.Time{}))
			}
			f.Evidence = append(f.Evidence, engine.Evidence(source, "status.artifact.revision", newest, object.Time(source.Object, "status", "artifact", "lastUpdateTime")))
		}
	}
	f.Fixes = []finding.Fix{{Text: "Find out why it was suspended, then resume it",
		Command: escape.Command("flux resume kustomization %s -n %s", k.Obj.GetName(), k.Obj.GetNamespace())}}
	return f
}

// invalidExpression reports a CEL expression of the layer that can't be compiled: the
// layer is stalled, and not retried until it changes (kustomize-controller 1.9,
// InvalidCELExpressionReason).
func invalidExpression(k flux.Kustomization) bool {
	if k.Result.Verdict.Reason != "InvalidCELExpression" {
		return false
	}
	f := kustomizationFinding(k, engine.CodeReconcileFailed, string(k.Result.Verdict.Reason),
		fmt.Sprintf("%s has an expression that can't be evaluated: %s", object.RefOf(k.Obj), health.FirstLine(k.Result.Verdict.Message)))
	for _, kind := range []string{"Stalled", "Ready"} {
		if c := object.ConditionOf(k.Obj, kind); c.Reason == string(k.Result.Verdict.Reason) {
			f.Evidence = append(f.Evidence, engine.Quote(k.Obj, c))
			break
		}
	}
	f.Fixes = []finding.Fix{{Text: "Correct spec.healthCheckExprs, or readyExpr in spec.dependsOn; Flux does not retry until the layer changes", File: k.X.DefinedIn(k.Obj)}}
	k.Result.Findings = append(k.Result.Findings, f)
	return true
}

// readyExpr reports a dependency that is ready, but not according to the expression of
// the layer.
func readyExpr(k flux.Kustomization) bool {
	dep, ok := k.X.Message(k.Ready.Message).Dependency()
	if !ok || dep.Problem != message.DependencyReadyExpr {
		return false
	}
	f := kustomizationFinding(k, engine.CodeReadyExpr, k.Ready.Reason, health.FirstLine(k.Ready.Message))
	f.Evidence = []finding.Evidence{engine.Quote(k.Obj, k.Ready)}
	f.Fixes = []finding.Fix{{Text: "Compare readyExpr in spec.dependsOn with the dependency's status", File: k.X.DefinedIn(k.Obj),
		Command: escape.Command("kubectl get kustomization %s -n %s -o yaml", dep.Name, cmp.Or(dep.Namespace, k.Obj.GetNamespace()))}}
	k.Result.Findings = append(k.Result.Findings, f)
	return true
}

// denied reports a source in another namespace that the layer is not allowed to use.
// The state of that source does not matter then.
func denied(k flux.Kustomization) bool {
	if k.Ready.Reason != "AccessDenied" {
		return false
	}
	source := health.SourceOf(k.Obj)
	f := ownFinding(k, engine.CodeAccessDenied, k.Ready.Reason, finding.Fix{File: k.X.DefinedIn(k.Obj),
		Text: fmt.Sprintf("Create a %s in namespace %s and name it in spec.sourceRef: kustomize-controller runs with --no-cross-namespace-refs", source.Kind, k.Obj.GetNamespace())})
	if source.Namespace != k.Obj.GetNamespace() && object.Text(k.Obj.Object, "spec", "sourceRef", "namespace") != "" {
		f.Evidence = append(f.Evidence, engine.Evidence(k.Obj, "spec.sourceRef.namespace", source.Namespace, time.Time{}))
	}
	report(k, f)
	return true
}

// sourced blames the source while the layer waits for it, or reports that it does not
// exist, and reports whether the layer has something to build. A source with an
// artifact is not to blame: that it fetches nothing newer does not make a layer fail.
func sourced(k flux.Kustomization, message string) bool {
	ref := health.SourceOf(k.Obj)
	_, built := k.X.Message(message).Build()
	waits := k.Result.Verdict.Reason == "ArtifactFailed" && !built
	switch answer := k.X.Snap.Lookup(ref); answer.Presence {
	case snapshot.Absent:
		k.Result.Findings = append(k.Result.Findings, missingSource(k, ref))
		return false
	case snapshot.Unknown:
		if waits && answer.Failure.Reason != snapshot.NotServed {
			k.Result.Unknown = append(k.Result.Unknown, *answer.Failure)
			return false
		}
	default:
		empty := object.Text(answer.Object.Object, "status", "artifact", "revision") == ""
		if empty && k.X.Health.Of(ref).Status != health.Ready {
			k.Result.Blame = append(k.Result.Blame, ref)
			return false
		}
	}
	return true
}

func missingSource(k flux.Kustomization, ref object.Ref) finding.Finding {
	f := kustomizationFinding(k, engine.CodeSourceRefMissing, failedAt(k, "ArtifactFailed"), fmt.Sprintf("%s takes its manifests from %s, which does not exist", object.RefOf(k.Obj), ref))
	f.Evidence = []finding.Evidence{
		engine.Evidence(k.Obj, "spec.sourceRef.name", ref.Name, time.Time{}),
		{Ref: ref, Field: "object", Value: "does not exist"},
	}
	fix := finding.Fix{Text: "Name an existing source in spec.sourceRef", File: k.X.DefinedIn(k.Obj)}
	if other, ok := k.X.InOtherNamespace(ref); ok {
		f.Message += "; there is one in namespace " + other.Namespace
		fix.Text = "In spec.sourceRef, write namespace: " + other.Namespace
	} else if near, ok := k.X.Nearest(ref); ok {
		f.Message += fmt.Sprintf("; did you mean %s?", near.Name)
		fix.Text = fmt.Sprintf("In spec.sourceRef, write %s instead of %s", near.Name, ref.Name)
	}
	f.Fixes = []finding.Fix{fix}
	return f
}
