package node

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/selfreport"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// JudgeNode reports what else a ready node reports: that no pods are to be scheduled on
// it, and conditions that node-problem-detector adds.
func JudgeNode(x *engine.Context, node *unstructured.Unstructured) engine.Result {
	if e, ok := selfreport.JudgeDeleted(x, node); ok {
		return e
	}
	if v := x.NodeVerdict(node); v.Status != health.Ready {
		return engine.Result{Verdict: v}
	}
	var conditions []selfreport.Condition
	for _, c := range selfreport.Conditions(node) {
		// Amazon EKS's node monitoring agent writes KernelReady, StorageReady, …
		if selfreport.ShowsProblem(c.Type) && c.Type != "Ready" {
			conditions = append(conditions, c)
		}
	}
	if e, ok := selfreport.JudgeConditions(node, conditions); ok {
		return e
	}
	for _, c := range selfreport.Conditions(node) { // Azure's VMEventScheduled, RebootScheduled, …
		if strings.HasSuffix(c.Type, "Scheduled") && c.Status == "True" {
			return selfreport.OwnFinding(node, health.Ready, engine.CodeOwnWarning, finding.Warning, c.Reason, c.Clause(), c.Since, c.Proof(node))
		}
	}
	if e, ok := temporaryNode(node); ok {
		return e
	}
	if object.Bool(node.Object, "spec", "unschedulable") {
		e := selfreport.OwnFinding(node, health.Ready, engine.CodeOwnWarning, finding.Warning, "SchedulingDisabled", "no pods are scheduled on it: it is cordoned", time.Time{},
			selfreport.QuoteFields(node, "spec.unschedulable")...)
		e.Findings[0].Fixes = []finding.Fix{{Text: "Once its maintenance is over, allow pods on it again", Command: "kubectl uncordon " + escape.ShellWord(node.GetName())}}
		return e
	}
	return selfreport.ReadyResult(node, object.ConditionOf(node, "Ready").Since)
}

// temporaryTaints are the taints with which a controller temporarily keeps pods off a node:
// the node is not initialized yet (k8s.io/cloud-provider v0.36), is to be removed
// (cluster-autoscaler 1.34, Karpenter v1.8), or is down (kubernetes v1.36).
var temporaryTaints = map[string]string{
	"node.cloudprovider.kubernetes.io/uninitialized": "the cloud controller manager has not initialized it yet",
	"node.kubernetes.io/out-of-service":              "it is marked as out of service",
	"ToBeDeletedByClusterAutoscaler":                 "the cluster autoscaler is about to remove it",
	"karpenter.sh/disrupted":                         "Karpenter is about to remove it",
	"karpenter.sh/unregistered":                      "Karpenter has not registered it yet",
}

// temporaryNode reports a ready node that a controller keeps pods off.
func temporaryNode(node *unstructured.Unstructured) (engine.Result, bool) {
	for i, taint := range object.List(node.Object, "spec", "taints") {
		key := object.Text(taint, "key")
		if why := temporaryTaints[key]; why != "" {
			path := fmt.Sprintf("spec.taints[%d].", i)
			return selfreport.OwnFinding(node, health.Ready, engine.CodeOwnWarning, finding.Warning, "Tainted", "no other pods are scheduled on it: "+why, object.Time(taint, "timeAdded"),
				selfreport.QuoteFields(node, path+"key", path+"effect")...), true
		}
	}
	return engine.Result{}, false
}

// JudgeNamespace reports what a namespace that is being deleted waits for.
func JudgeNamespace(x *engine.Context, obj *unstructured.Unstructured) engine.Result {
	if e, ok := selfreport.JudgeDeleted(x, obj); ok {
		return e
	}
	return selfreport.ReadyResult(obj, time.Time{})
}

// JudgeQuota warns about a quota that is used up: the next object that counts against
// it is refused.
func JudgeQuota(x *engine.Context, quota *unstructured.Unstructured) engine.Result {
	if e, ok := selfreport.JudgeDeleted(x, quota); ok {
		return e
	}
	var full []string
	var proof []finding.Evidence
	hard := object.Map(quota.Object, "status", "hard")
	for _, name := range slices.Sorted(maps.Keys(hard)) {
		limit, err := resource.ParseQuantity(fmt.Sprint(hard[name]))
		used, missing := resource.ParseQuantity(fmt.Sprint(object.Map(quota.Object, "status", "used")[name]))
		if err != nil || missing != nil || limit.IsZero() || used.Cmp(limit) < 0 { // a limit of 0 forbids
			continue
		}
		full = append(full, fmt.Sprintf("%s: %s of %s", name, used.String(), limit.String()))
		proof = append(proof, selfreport.QuoteFields(quota, "status.hard["+name+"]", "status.used["+name+"]")...)
	}
	e := selfreport.ReadyResult(quota, time.Time{})
	if len(full) > 0 {
		ref := object.RefOf(quota)
		e.Findings = []finding.Finding{{
			Code: engine.CodeQuotaUsedUp, Ref: ref, Reason: "UsedUp", Severity: finding.Warning, Evidence: proof,
			Message: fmt.Sprintf("%s is used up (%s): objects that need more of it are refused", ref, strings.Join(full, "; ")),
			Fixes:   []finding.Fix{{Text: "Check what counts against it before something needs more", Command: selfreport.InspectCommand(ref)}},
		}}
	}
	return e
}

// JudgeBudget warns about a budget that allows no disruption, with the reason
// (policy/v1, PodDisruptionBudgetStatus).
func JudgeBudget(x *engine.Context, budget *unstructured.Unstructured) engine.Result {
	if e, ok := selfreport.JudgeDeleted(x, budget); ok {
		return e
	}
	if e, ok := selfreport.JudgeGeneration(budget); ok {
		return e
	}
	allowed, known := object.Map(budget.Object, "status")["disruptionsAllowed"].(int64)
	if !known {
		return selfreport.ReadyOrUnknown(budget, nil)
	}
	if allowed > 0 {
		return selfreport.ReadyResult(budget, object.ConditionOf(budget, "DisruptionAllowed").Since)
	}
	count := func(name string) int64 { return object.Int(budget.Object, "status", name) }
	says, c := "", object.ConditionOf(budget, "DisruptionAllowed")
	status := health.Ready
	switch {
	case c.Reason == "SyncFailed":
		status, says = health.Failing, "it can't be evaluated: "+engine.FirstLine(c.Message)
	case count("expectedPods") == 0:
		says = "no pods match its selector"
	case count("currentHealthy") < count("desiredHealthy"):
		says = fmt.Sprintf("only %d of the %d pods that it requires are healthy", count("currentHealthy"), count("desiredHealthy"))
	default:
		says = fmt.Sprintf("it requires %d healthy pods, and there are %d", count("desiredHealthy"), count("currentHealthy"))
	}
	proof := selfreport.QuoteFields(budget, "status.disruptionsAllowed", "status.currentHealthy", "status.desiredHealthy", "status.expectedPods",
		"spec.minAvailable", "spec.maxUnavailable")
	if c.Status != "" {
		proof = append([]finding.Evidence{engine.QuoteWithStatus(budget, c)}, proof...)
	}
	e := selfreport.OwnFinding(budget, status, engine.CodeBudget, finding.Warning, c.Reason, says, c.Since, proof...)
	e.Findings[0].Message = fmt.Sprintf("%s allows no eviction: %s", object.RefOf(budget), says)
	return e
}

// JudgeSigningRequest reports the progress of a CertificateSigningRequest
// (certificates.k8s.io/v1).
func JudgeSigningRequest(x *engine.Context, obj *unstructured.Unstructured) engine.Result {
	if e, ok := selfreport.JudgeDeleted(x, obj); ok {
		return e
	}
	who := selfreport.QuoteFields(obj, "spec.signerName", "spec.username")
	for _, kind := range []string{"Denied", "Failed"} {
		if c := object.ConditionOf(obj, kind); c.Status == "True" {
			says := "it was denied"
			if kind == "Failed" {
				says = "its signer could not sign it"
			}
			if line := engine.FirstLine(c.Message); line != "" {
				says += ": " + line
			}
			return selfreport.OwnFinding(obj, health.Failing, engine.CodeSigning, finding.Critical, c.Reason, says, c.Since, append([]finding.Evidence{engine.QuoteWithStatus(obj, c)}, who...)...)
		}
	}
	approved := object.ConditionOf(obj, "Approved")
	switch {
	case approved.Status != "True":
		e := selfreport.OwnFinding(obj, health.Progressing, engine.CodeSigning, finding.Warning, "Pending", "it has not been approved or denied yet", obj.GetCreationTimestamp().Time, who...)
		e.Findings[0].Fixes = []finding.Fix{{Text: "Check who requests what, and approve or deny it", Command: selfreport.InspectCommand(object.RefOf(obj))}}
		return e
	case object.Text(obj.Object, "status", "certificate") == "":
		signer := object.Text(obj.Object, "spec", "signerName")
		return selfreport.OwnFinding(obj, health.Progressing, engine.CodeSigning, finding.Warning, "NotSigned", "it is approved, and signer "+signer+" has not signed it yet", approved.Since,
			append([]finding.Evidence{engine.QuoteWithStatus(obj, approved)}, who...)...)
	}
	return selfreport.ReadyResult(obj, approved.Since)
}

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
		says := fmt.Sprintf("its expression in %s has type errors: %s", object.Text(warning, "fieldRef"), engine.FirstLine(object.Text(warning, "warning")))
		return selfreport.OwnFinding(obj, health.Failing, engine.CodePolicy, finding.Warning, "TypeCheck", says, time.Time{},
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
	says, proof := fmt.Sprintf("policies that failed: %d", failed), selfreport.QuoteFields(obj, "summary.fail", "summary.error")
	for i, result := range object.List(obj.Object, "results") {
		if outcome := object.Text(result, "result"); outcome == "fail" || outcome == "error" {
			path := fmt.Sprintf("results[%d].", i)
			says += ", the first: " + engine.FirstLine(object.Text(result, "message"))
			proof = append(proof, selfreport.QuoteFields(obj, path+"policy", path+"rule", path+"result", path+"message")...)
			break
		}
	}
	e.Findings = selfreport.OwnFinding(obj, health.Ready, engine.CodeOwnWarning, finding.Warning, "PolicyFailed", says, time.Time{}, proof...).Findings
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
		e.Unknown = append(e.Unknown, *answer.Why)
	case snapshot.Absent:
		e = selfreport.OwnFinding(obj, health.Failing, engine.CodePolicy, finding.Critical, "PolicyNotFound", policy.String()+" does not exist", time.Time{},
			append(selfreport.QuoteFields(obj, "spec.policyName"), finding.Evidence{Ref: policy, Field: "object", Value: "does not exist"})...)
		e.Findings[0].Fixes = []finding.Fix{{Text: "List the policies that exist", Command: "kubectl get " + escape.ShellWord(strings.ToLower(policy.Kind))}}
	}
	return e
}
