package diagnose

import (
	"fmt"
	"slices"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// vanished is an object that a layer of the tenant has applied, that was well,
// and that is not there any more: somebody took it away, and Flux has not looked
// since.
func (x *examiner) vanished(t tenant.Tenant, ref finding.Ref) (found, bool) {
	if x.snap.Lookup(ref).Presence != snapshot.Absent {
		return found{}, false
	}
	for _, layer := range t.Layers {
		obj := x.snap.Lookup(layer.Ref).Object
		verdict := x.health.Of(layer.Ref)
		if obj == nil || verdict.Status != health.Ready || !slices.ContainsFunc(health.Inventory(obj), ref.Same) {
			continue
		}
		f := finding.Finding{
			Code: codeVanished, Ref: ref, Reason: "NotFound", Severity: finding.Critical,
			Message:  fmt.Sprintf("%s does not exist any more, though %s has applied it", ref, layer.Ref),
			Evidence: []finding.Evidence{evidence(obj, "status.inventory", ref.String(), verdict.Since)},
			Fixes:    []finding.Fix{kustomization{obj: obj}.retry("Have Flux apply it again")},
		}
		return found{f, []Step{{Ref: layer.Ref, Status: verdict.Status}, {Ref: ref, Status: health.Failing, Note: "NotFound"}}}, true
	}
	return found{}, false
}
