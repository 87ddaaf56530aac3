// Package workload has the rules about Deployments, StatefulSets and other workloads: their
// images, probes, resources, autoscalers and disruption budgets, and the nodes that they run on.
package workload

import (
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

// Rules are all rules of the package.
var Rules = []*rule.Rule{
	imageName, brokenAutoscaler, floatingTag, retiredCatalogue, missingRequests, missingLimits, missingProbe,
	missingDisruptionBudget, budgetBlocks, memoryLimit, autoscalerMemory, probeCredentials, deprecatedNodeLabel,
}

// edit is a fix in the file that has the object.
func inFile(o *cluster.Object, text string) finding.Fix {
	return finding.Fix{Text: text, File: o.File()}
}
