package workload

import (
	"fmt"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

var missingRequests = &rule.Rule{
	Code: "OW4903", Name: "missing-requests", Severity: finding.Info,
	Title: "A container requests no memory or no CPU",
	Object: func(c *rule.Context, o *cluster.Object) {
		if rule.OfFlux(o) {
			return
		}
		for _, container := range running(o) {
			if effect := unrequested[without(c, o, container, "cpu")][without(c, o, container, "memory")]; effect != "" {
				c.Report(o, container.Path+".resources.requests", nameOf(container)+" "+effect, inFile(o, "Set resources.requests to what the container uses"))
			}
		}
	},
}

// unrequested is what happens to a container that requests no CPU, by whether it requests no
// memory.
var unrequested = map[bool]map[bool]string{
	false: {true: "requests no memory: it is placed on nodes that have none left, and is among the first to be killed there"},
	true: {
		false: "requests no CPU: on a busy node, the other containers are served first",
		true:  "requests neither memory nor CPU: on a busy node, the other containers are served first, and it is the first to be killed",
	},
}

// without reports whether a container requests nothing of a resource.
func without(c *rule.Context, o *cluster.Object, container rule.Container, name string) bool {
	_, ok := requestOf(container, name)
	return !ok && !defaulted(c, o, "requests", name)
}

var missingLimits = &rule.Rule{
	Code: "OW4904", Name: "missing-limits", Severity: finding.Info,
	Title: "A container has no memory limit",
	Object: func(c *rule.Context, o *cluster.Object) {
		if rule.OfFlux(o) {
			return
		}
		for _, container := range running(o) {
			if _, ok := limitOf(container, "memory"); !ok && !defaulted(c, o, "limits", "memory") {
				c.Report(o, container.Path+".resources.limits",
					fmt.Sprintf("%s has no memory limit: if its memory grows, pods of others on its node are killed", nameOf(container)),
					inFile(o, "Set resources.limits.memory"))
			}
		}
	},
}
