package diagnose

import (
	"fmt"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// addDetails adds to a cause what is relevant if a single object is requested: how
// often a probe failed.
func (w *walk) addDetails(c *Cause) {
	if len(c.Path) == 0 {
		return
	}
	ref := c.Path[len(c.Path)-1].Ref
	if len(c.Fixes) == 0 {
		c.Fixes = []finding.Fix{{Text: "Check its events and what its controller reports about it", Command: inspectCommand(ref)}}
	}
	pod := w.x.snap.Lookup(ref).Object
	if pod == nil || ref.GroupKind() != health.PodKind {
		return
	}
	if c.Code != codeProbeFailed {
		return
	}
	for _, e := range w.x.warnings(pod) {
		if e.Reason == "Unhealthy" && e.Count > 1 {
			c.Message += fmt.Sprintf(" (%d times)", e.Count)
			return
		}
	}
}
