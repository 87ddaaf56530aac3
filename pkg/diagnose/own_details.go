package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// addDetails adds to a cause what a user who asks about one object wants to know
// besides: which scheduling gates a pod waits for, and how often a probe failed.
func (w *walk) addDetails(c *Cause) {
	if len(c.Path) == 0 {
		return
	}
	ref := c.Path[len(c.Path)-1].Ref
	if len(c.Fixes) == 0 {
		c.Fixes = []finding.Fix{{Text: "See its events and what its controller says about it", Command: inspectCommand(ref)}}
	}
	pod := w.x.snap.Lookup(ref).Object
	if pod == nil || ref.GroupKind() != health.PodKind {
		return
	}
	switch {
	case c.Reason == "SchedulingGated":
		var gates []string
		for i, gate := range field.List(pod.Object, "spec", "schedulingGates") {
			gates = append(gates, field.Text(gate, "name"))
			c.Evidence = append(slices.Clone(c.Evidence), quoteFields(pod, fmt.Sprintf("spec.schedulingGates[%d].name", i))...)
		}
		c.Message += ": " + strings.Join(gates, ", ")
	case c.Code == codeProbeFailed:
		for _, e := range w.x.warnings(pod) {
			if e.Reason == "Unhealthy" && e.Count > 1 {
				c.Message += fmt.Sprintf(" (%d times)", e.Count)
				return
			}
		}
	}
}
