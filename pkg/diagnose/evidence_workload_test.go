package diagnose

import (
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// TestWorkloadEvidence verifies all evidence of the cases of workloads: it must be in the
// cluster, and occur only once.
func TestWorkloadEvidence(t *testing.T) {
	for name, file := range readWorkloads(t) {
		for _, c := range file.Cases {
			t.Run(name+"/"+c.Name, func(t *testing.T) {
				if c.Of == "" {
					c.Of = file.Of
				}
				snap := c.snapshot(t, file.Base)
				x := newContext(snap, tenant.Discover(snap))
				of := refNamed(t, snap, c.Of)
				if c.Direct {
					explainAsDeleted(x, of)
				}
				for _, cause := range engine.NewWalk(x).From(of, c.Failing).Causes {
					if layer := cause.Code[2]; layer != '4' && layer != '5' {
						continue // from other explainers
					}
					seen := map[finding.Evidence]bool{}
					for _, e := range cause.Evidence {
						if len(x.Verified([]finding.Evidence{e})) == 0 {
							t.Errorf("%s: %s %s = %s is not there", cause.Code, e.Ref, e.Field, e.Value)
						}
						if seen[e] {
							t.Errorf("%s: %s %s = %s: twice", cause.Code, e.Ref, e.Field, e.Value)
						}
						seen[e] = true
					}
				}
			})
		}
	}
}
