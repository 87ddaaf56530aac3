package workload

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

var missingDisruptionBudget = &rule.Rule{
	Code: "OW4906", Name: "missing-disruption-budget", Severity: finding.Info,
	Title: "A workload with several pods has no PodDisruptionBudget",
	Object: func(c *rule.Context, o *cluster.Object) {
		if o.By == nil || !isOneOf(o, scalable) || rule.OfFlux(o) || !c.Complete(o.GetNamespace()) {
			return
		}
		smallest, _, known := replicas(c, o)
		if !known || smallest < 2 {
			return
		}
		for _, budget := range c.InNamespace(object.BudgetKind, o.GetNamespace()) {
			if selects(budget, o) {
				return
			}
		}
		c.Report(o, "spec.replicas", fmt.Sprintf("no PodDisruptionBudget selects its %d pods: draining nodes may stop all of them at the same time", smallest),
			inFile(o, "Add a PodDisruptionBudget with maxUnavailable: 1"))
	},
}

var budgetBlocks = &rule.Rule{
	Code: "OW4907", Name: "budget-blocks", Severity: finding.Warning,
	Title: "A PodDisruptionBudget never allows an eviction",
	Object: func(c *rule.Context, o *cluster.Object) {
		if o.Ref().GroupKind() != object.BudgetKind || rule.OfFlux(o) {
			return
		}
		spec := object.Map(o.Unstructured.Object, "spec")
		if most, ok := object.Quote(spec, "maxUnavailable"); ok {
			if most == "0" || most == "0%" {
				c.Report(o, "spec.maxUnavailable", "it never allows an eviction, so draining a node with its pods never ends",
					inFile(o, "Set maxUnavailable: 1"))
			}
			return
		}
		least, ok := object.Quote(spec, "minAvailable")
		pods, from, known := selected(c, o)
		if ok && known && pods > 0 && required(least, pods) >= pods {
			c.Report(o, "spec.minAvailable", fmt.Sprintf("it requires all of its %s to be available, so draining a node with one of them never ends", finding.Count(int(pods), "pod")),
				inFile(o, "Set maxUnavailable: 1 instead of minAvailable"+moreReplicas(c, least, pods, from)))
		}
	},
}

// moreReplicas is how many replicas would allow an eviction, as a further fix: "" if no number
// does, because all pods are required, or if the pods are those of several workloads.
func moreReplicas(c *rule.Context, least string, pods int64, from []*cluster.Object) string {
	if len(from) != 1 {
		return ""
	}
	field := "replicas"
	if autoscalerOf(c, from[0]) != nil {
		field = "minReplicas"
	}
	const most = 1000
	for n := pods + 1; n <= most; n++ {
		if required(least, n) < n {
			return fmt.Sprintf(", or set %s to at least %d", field, n)
		}
	}
	return ""
}

// selected is the largest number of pods that a budget selects, and the workloads that they are
// from.
func selected(c *rule.Context, budget *cluster.Object) (pods int64, from []*cluster.Object, known bool) {
	if !c.Complete(budget.GetNamespace()) {
		return 0, nil, false
	}
	for _, o := range workloads(c, scalable, budget.GetNamespace()) {
		if !selects(budget, o) {
			continue
		}
		_, largest, known := replicas(c, o)
		if !known {
			return 0, nil, false
		}
		pods, from = pods+largest, append(from, o)
	}
	return pods, from, true
}

// required is how many of some pods a budget requires: a number, or a percentage that is rounded
// up (kubernetes v1.36.3, pkg/controller/disruption/disruption.go). It is 0 if that is not known.
func required(least string, pods int64) int64 {
	text, percent := strings.CutSuffix(least, "%")
	n, err := strconv.ParseInt(text, 10, 32)
	switch {
	case err != nil || n < 0:
		return 0
	case percent:
		return (n*pods + 99) / 100
	}
	return n
}
