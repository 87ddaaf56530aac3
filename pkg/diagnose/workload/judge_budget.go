package workload

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
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

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
			Fixes:   []finding.Fix{{Text: "Check which objects use the quota; delete those that are no longer needed, or raise spec.hard", Command: selfreport.InspectCommand(ref)}},
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
	message, c := "", object.ConditionOf(budget, "DisruptionAllowed")
	status := health.Ready
	switch {
	case c.Reason == "SyncFailed":
		status, message = health.Failing, "it can't be evaluated: "+health.FirstLine(c.Message)
	case count("expectedPods") == 0:
		message = "no pods match its selector"
	case count("currentHealthy") < count("desiredHealthy"):
		message = fmt.Sprintf("only %d of the %d pods that it requires are healthy", count("currentHealthy"), count("desiredHealthy"))
	default:
		message = fmt.Sprintf("it requires %d healthy pods, and there are %d", count("desiredHealthy"), count("currentHealthy"))
	}
	proof := selfreport.QuoteFields(budget, "status.disruptionsAllowed", "status.currentHealthy", "status.desiredHealthy", "status.expectedPods",
		"spec.minAvailable", "spec.maxUnavailable")
	if c.Status != "" {
		proof = append([]finding.Evidence{engine.QuoteWithStatus(budget, c)}, proof...)
	}
	e := selfreport.OwnFinding(budget, status, engine.CodeBudget, finding.Warning, c.Reason, message, c.Since, proof...)
	e.Findings[0].Message = fmt.Sprintf("%s allows no eviction: %s", object.RefOf(budget), message)
	return e
}
