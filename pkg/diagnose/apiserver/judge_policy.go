package apiserver

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
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// JudgeAdmissionPolicy reports the errors that the API server found in the expressions of a
// policy (admissionregistration.k8s.io/v1, TypeChecking).
func JudgeAdmissionPolicy(x *engine.Context, obj *unstructured.Unstructured) engine.Result {
	if e, ok := selfreport.JudgeDeleted(x, obj); ok {
		return e
	}
	if e, ok := selfreport.JudgeGeneration(obj); ok {
		return e
	}
	const path = "status.typeChecking.expressionWarnings"
	for i, warning := range object.List(obj.Object, "status", "typeChecking", "expressionWarnings") {
		message := fmt.Sprintf("its expression in %s has type errors: %s", object.Text(warning, "fieldRef"), health.FirstLine(object.Text(warning, "warning")))
		return selfreport.OwnFinding(obj, health.Failing, engine.CodePolicy, finding.Warning, "TypeCheck", message, time.Time{},
			selfreport.QuoteFields(obj, fmt.Sprintf("%s[%d].fieldRef", path, i), fmt.Sprintf("%s[%d].warning", path, i), "spec.failurePolicy")...)
	}
	if e, ok := selfreport.JudgeConditions(obj, selfreport.Conditions(obj)); ok {
		return e
	}
	return selfreport.ReadyResult(obj, time.Time{})
}

// JudgePolicyReport reports what a policy report contains about other objects (policy reports
// API v1alpha2: summary and results). The report itself is ready.
func JudgePolicyReport(x *engine.Context, obj *unstructured.Unstructured) engine.Result {
	if e, ok := selfreport.JudgeDeleted(x, obj); ok {
		return e
	}
	e := selfreport.ReadyResult(obj, time.Time{})
	failed := object.Int(obj.Object, "summary", "fail") + object.Int(obj.Object, "summary", "error")
	if failed == 0 {
		return e
	}
	message, proof := finding.Count(int(failed), "policy check")+" failed", selfreport.QuoteFields(obj, "summary.fail", "summary.error")
	for i, result := range object.List(obj.Object, "results") {
		if outcome := object.Text(result, "result"); outcome == "fail" || outcome == "error" {
			path := fmt.Sprintf("results[%d].", i)
			message += "; the first: " + health.FirstLine(object.Text(result, "message"))
			proof = append(proof, selfreport.QuoteFields(obj, path+"policy", path+"rule", path+"result", path+"message")...)
			break
		}
	}
	e.Findings = selfreport.OwnFinding(obj, health.Ready, engine.CodeOwnWarning, finding.Warning, "PolicyFailed", message, time.Time{}, proof...).Findings
	return e
}

// JudgeAdmissionPolicyBinding looks up the policy of a binding: without it, the binding has no
// effect.
func JudgeAdmissionPolicyBinding(x *engine.Context, obj *unstructured.Unstructured) engine.Result {
	if e, ok := selfreport.JudgeDeleted(x, obj); ok {
		return e
	}
	policy := object.Ref{APIVersion: obj.GetAPIVersion(), Kind: strings.TrimSuffix(obj.GetKind(), "Binding"), Name: object.Text(obj.Object, "spec", "policyName")}
	e := selfreport.ReadyResult(obj, time.Time{})
	switch answer := x.Snap.Lookup(policy); answer.Presence {
	case snapshot.Unknown:
		e.Unknown = append(e.Unknown, *answer.Failure)
	case snapshot.Absent:
		e = selfreport.OwnFinding(obj, health.Failing, engine.CodePolicy, finding.Critical, "PolicyNotFound", policy.String()+" does not exist", time.Time{},
			append(selfreport.QuoteFields(obj, "spec.policyName"), finding.Evidence{Ref: policy, Field: "object", Value: "does not exist"})...)
		e.Findings[0].Fixes = []finding.Fix{{Text: "List the policies that exist", Command: "kubectl get " + escape.ShellWord(strings.ToLower(policy.Kind))}}
	}
	return e
}
