package diagnose

import (
	"slices"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// TestPathsLeadToTheirCause checks that the path of a cause contains the object to change, even
// if another object reports the fault as well.
func TestPathsLeadToTheirCause(t *testing.T) {
	healthy := readCase(t, "testdata/F30-healthy.txtar").snap
	causes := 0
	for _, f := range ingressFaults(t) {
		snap := f.changed(healthy)
		tenants := tenant.Discover(snap)
		for _, subject := range Tenants(snap, tenants, tenants).Subjects {
			for _, c := range subject.Causes {
				causes++
				if !slices.ContainsFunc(c.Path, func(step engine.Step) bool { return step.Ref.Same(c.Ref) }) {
					t.Errorf("%s, %s: the path to %s ends at %s", f.Name, subject.Tenant, c.Ref, c.Path[len(c.Path)-1].Ref)
				}
			}
		}
	}
	if causes == 0 {
		t.Error("there was no cause")
	}
}
