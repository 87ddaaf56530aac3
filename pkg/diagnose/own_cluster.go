package diagnose

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// judgeNode reports what else a ready node reports: that no pods are to be scheduled on
// it, and conditions that node-problem-detector adds.
func judgeNode(x *examiner, node *unstructured.Unstructured) exam {
	if e, ok := x.deleted(node); ok {
		return e
	}
	if v := x.nodeVerdict(node); v.Status != health.Ready {
		return exam{verdict: v}
	}
	var conditions []ownCondition
	for _, c := range ownConditions(node) {
		// Amazon EKS's node monitoring agent writes KernelReady, StorageReady, …
		if kind := polarityOf(c.Type); kind == fault || kind == wanted && c.Type != "Ready" {
			conditions = append(conditions, c)
		}
	}
	if e, ok := byConditions(node, conditions); ok {
		return e
	}
	for _, c := range ownConditions(node) { // Azure's VMEventScheduled, RebootScheduled, …
		if strings.HasSuffix(c.Type, "Scheduled") && c.Status == "True" {
			return ownFinding(node, health.Ready, codeOwnWarning, finding.Warning, c.Reason, c.says(), c.Since, c.proof(node))
		}
	}
	if e, ok := temporaryNode(node); ok {
		return e
	}
	if field.Bool(node.Object, "spec", "unschedulable") {
		e := ownFinding(node, health.Ready, codeOwnWarning, finding.Warning, "SchedulingDisabled", "no pods are scheduled on it: it is cordoned", time.Time{},
			quoteFields(node, "spec.unschedulable")...)
		e.findings[0].Fixes = []finding.Fix{{Text: "Once its maintenance is over, allow pods on it again", Command: "kubectl uncordon " + escape.ShellWord(node.GetName())}}
		return e
	}
	return readyExam(node, field.ConditionOf(node, "Ready").Since)
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
func temporaryNode(node *unstructured.Unstructured) (exam, bool) {
	for i, taint := range field.List(node.Object, "spec", "taints") {
		key := field.Text(taint, "key")
		if why := temporaryTaints[key]; why != "" {
			path := fmt.Sprintf("spec.taints[%d].", i)
			return ownFinding(node, health.Ready, codeOwnWarning, finding.Warning, "Tainted", "no other pods are scheduled on it: "+why, field.Time(taint, "timeAdded"),
				quoteFields(node, path+"key", path+"effect")...), true
		}
	}
	return exam{}, false
}

// judgeNamespace reports what a namespace that is being deleted waits for.
func judgeNamespace(x *examiner, obj *unstructured.Unstructured) exam {
	if e, ok := x.deleted(obj); ok {
		return e
	}
	return readyExam(obj, time.Time{})
}

// judgeQuota warns about a quota that is used up: the next object that counts against
// it is refused.
func judgeQuota(x *examiner, quota *unstructured.Unstructured) exam {
	if e, ok := x.deleted(quota); ok {
		return e
	}
	var full []string
	var proof []finding.Evidence
	hard := field.Map(quota.Object, "status", "hard")
	for _, name := range slices.Sorted(maps.Keys(hard)) {
		limit, err := resource.ParseQuantity(fmt.Sprint(hard[name]))
		used, missing := resource.ParseQuantity(fmt.Sprint(field.Map(quota.Object, "status", "used")[name]))
		if err != nil || missing != nil || limit.IsZero() || used.Cmp(limit) < 0 { // a limit of 0 forbids
			continue
		}
		full = append(full, fmt.Sprintf("%s: %s of %s", name, used.String(), limit.String()))
		proof = append(proof, quoteFields(quota, "status.hard["+name+"]", "status.used["+name+"]")...)
	}
	e := readyExam(quota, time.Time{})
	if len(full) > 0 {
		ref := finding.RefOf(quota)
		e.findings = []finding.Finding{{
			Code: codeQuotaUsedUp, Ref: ref, Reason: "UsedUp", Severity: finding.Warning, Evidence: proof,
			Message: fmt.Sprintf("%s is used up (%s): objects that need more of it are refused", ref, strings.Join(full, "; ")),
			Fixes:   []finding.Fix{{Text: "Check what counts against it before something needs more", Command: inspectCommand(ref)}},
		}}
	}
	return e
}

// judgeBudget warns about a budget that allows no disruption, with the reason
// (policy/v1, PodDisruptionBudgetStatus).
func judgeBudget(x *examiner, budget *unstructured.Unstructured) exam {
	if e, ok := x.deleted(budget); ok {
		return e
	}
	if e, ok := specUnobserved(budget); ok {
		return e
	}
	allowed, known := field.Map(budget.Object, "status")["disruptionsAllowed"].(int64)
	if !known {
		return readyOrUnknown(budget, nil)
	}
	if allowed > 0 {
		return readyExam(budget, field.ConditionOf(budget, "DisruptionAllowed").Since)
	}
	count := func(name string) int64 { return field.Int(budget.Object, "status", name) }
	says, c := "", field.ConditionOf(budget, "DisruptionAllowed")
	status := health.Ready
	switch {
	case c.Reason == "SyncFailed":
		status, says = health.Failing, "it can't be evaluated: "+firstLine(c.Message)
	case count("expectedPods") == 0:
		says = "no pods match its selector"
	case count("currentHealthy") < count("desiredHealthy"):
		says = fmt.Sprintf("only %d of the %d pods that it requires are healthy", count("currentHealthy"), count("desiredHealthy"))
	default:
		says = fmt.Sprintf("it requires %d healthy pods, and there are %d", count("desiredHealthy"), count("currentHealthy"))
	}
	proof := quoteFields(budget, "status.disruptionsAllowed", "status.currentHealthy", "status.desiredHealthy", "status.expectedPods",
		"spec.minAvailable", "spec.maxUnavailable")
	if c.Status != "" {
		proof = append([]finding.Evidence{quoteWithStatus(budget, c)}, proof...)
	}
	e := ownFinding(budget, status, codeBudget, finding.Warning, c.Reason, says, c.Since, proof...)
	e.findings[0].Message = fmt.Sprintf("%s allows no eviction: %s", finding.RefOf(budget), says)
	return e
}

// judgeSigning reports the progress of a CertificateSigningRequest
// (certificates.k8s.io/v1).
func judgeSigning(x *examiner, obj *unstructured.Unstructured) exam {
	if e, ok := x.deleted(obj); ok {
		return e
	}
	who := quoteFields(obj, "spec.signerName", "spec.username")
	for _, kind := range []string{"Denied", "Failed"} {
		if c := field.ConditionOf(obj, kind); c.Status == "True" {
			says := "it was denied"
			if kind == "Failed" {
				says = "its signer could not sign it"
			}
			if line := firstLine(c.Message); line != "" {
				says += ": " + line
			}
			return ownFinding(obj, health.Failing, codeSigning, finding.Critical, c.Reason, says, c.Since, append([]finding.Evidence{quoteWithStatus(obj, c)}, who...)...)
		}
	}
	approved := field.ConditionOf(obj, "Approved")
	switch {
	case approved.Status != "True":
		e := ownFinding(obj, health.Progressing, codeSigning, finding.Warning, "Pending", "it has not been approved or denied yet", obj.GetCreationTimestamp().Time, who...)
		e.findings[0].Fixes = []finding.Fix{{Text: "Check who requests what, and approve or deny it", Command: inspectCommand(finding.RefOf(obj))}}
		return e
	case field.Text(obj.Object, "status", "certificate") == "":
		signer := field.Text(obj.Object, "spec", "signerName")
		return ownFinding(obj, health.Progressing, codeSigning, finding.Warning, "NotSigned", "it is approved, and signer "+signer+" has not signed it yet", approved.Since,
			append([]finding.Evidence{quoteWithStatus(obj, approved)}, who...)...)
	}
	return readyExam(obj, approved.Since)
}

// judgePolicy reports the errors that the API server found in the expressions of a
// policy (admissionregistration.k8s.io/v1, TypeChecking).
func judgePolicy(x *examiner, obj *unstructured.Unstructured) exam {
	if e, ok := x.deleted(obj); ok {
		return e
	}
	if e, ok := specUnobserved(obj); ok {
		return e
	}
	const path = "status.typeChecking.expressionWarnings"
	for i, warning := range field.List(obj.Object, "status", "typeChecking", "expressionWarnings") {
		says := fmt.Sprintf("its expression in %s has type errors: %s", field.Text(warning, "fieldRef"), firstLine(field.Text(warning, "warning")))
		return ownFinding(obj, health.Failing, codePolicy, finding.Warning, "TypeCheck", says, time.Time{},
			quoteFields(obj, fmt.Sprintf("%s[%d].fieldRef", path, i), fmt.Sprintf("%s[%d].warning", path, i), "spec.failurePolicy")...)
	}
	if e, ok := byConditions(obj, ownConditions(obj)); ok {
		return e
	}
	return readyExam(obj, time.Time{})
}

// judgeReport reports what a policy report contains about other objects (policy reports
// API v1alpha2: summary and results). The report itself is ready.
func judgeReport(x *examiner, obj *unstructured.Unstructured) exam {
	if e, ok := x.deleted(obj); ok {
		return e
	}
	e := readyExam(obj, time.Time{})
	failed := field.Int(obj.Object, "summary", "fail") + field.Int(obj.Object, "summary", "error")
	if failed == 0 {
		return e
	}
	says, proof := fmt.Sprintf("policies that failed: %d", failed), quoteFields(obj, "summary.fail", "summary.error")
	for i, result := range field.List(obj.Object, "results") {
		if outcome := field.Text(result, "result"); outcome == "fail" || outcome == "error" {
			path := fmt.Sprintf("results[%d].", i)
			says += ", the first: " + firstLine(field.Text(result, "message"))
			proof = append(proof, quoteFields(obj, path+"policy", path+"rule", path+"result", path+"message")...)
			break
		}
	}
	e.findings = ownFinding(obj, health.Ready, codeOwnWarning, finding.Warning, "PolicyFailed", says, time.Time{}, proof...).findings
	return e
}

// judgePolicyBinding looks up the policy of a binding: without it, the binding has no
// effect.
func judgePolicyBinding(x *examiner, obj *unstructured.Unstructured) exam {
	if e, ok := x.deleted(obj); ok {
		return e
	}
	policy := finding.Ref{APIVersion: obj.GetAPIVersion(), Kind: strings.TrimSuffix(obj.GetKind(), "Binding"), Name: field.Text(obj.Object, "spec", "policyName")}
	e := readyExam(obj, time.Time{})
	switch answer := x.snap.Lookup(policy); answer.Presence {
	case snapshot.Unknown:
		e.unknown = append(e.unknown, *answer.Why)
	case snapshot.Absent:
		e = ownFinding(obj, health.Failing, codePolicy, finding.Critical, "PolicyNotFound", policy.String()+" does not exist", time.Time{},
			append(quoteFields(obj, "spec.policyName"), finding.Evidence{Ref: policy, Field: "object", Value: "does not exist"})...)
		e.findings[0].Fixes = []finding.Fix{{Text: "List the policies that exist", Command: "kubectl get " + escape.ShellWord(strings.ToLower(policy.Kind))}}
	}
	return e
}
