package diagnose

import (
	"cmp"
	"slices"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// rankCauses determines what each cause blocks, over all subjects, and sorts the
// causes.
func (e *Explanation) rankCauses(x *engine.Context) {
	layers, tenants := map[engine.Identity][]object.Ref{}, map[engine.Identity][]string{}
	for _, s := range e.Subjects {
		for _, c := range s.Causes {
			k := c.Identity()
			for _, ref := range withDependents(x, c.Layers) {
				layers[k] = engine.AddRef(layers[k], ref)
			}
			notReady := s.Verdict.Status != health.Ready // what is ready is not blocked by a warning
			if s.Tenant != "" && notReady && !slices.Contains(tenants[k], s.Tenant) {
				tenants[k] = append(tenants[k], s.Tenant)
			}
		}
	}
	for i := range e.Subjects {
		causes := e.Subjects[i].Causes
		for j := range causes {
			k := causes[j].Identity()
			causes[j].Layers, causes[j].Tenants = layers[k], slices.Sorted(slices.Values(tenants[k]))
		}
		slices.SortStableFunc(causes, Cause.Compare)
	}
}

// Identity is the same for the same cause of different subjects.
func (c Cause) Identity() engine.Identity { return engine.IdentityOf(c.Finding) }

var severityRank = map[finding.Severity]int{finding.Critical: 0, finding.Warning: 1, finding.Info: 2}

// Compare orders causes: by what they block, then by severity, then by age.
func (c Cause) Compare(other Cause) int {
	return cmp.Or(
		cmp.Compare(len(other.Layers), len(c.Layers)),
		cmp.Compare(len(other.Tenants), len(c.Tenants)),
		cmp.Compare(severityRank[c.Severity], severityRank[other.Severity]),
		engine.OldestFirst(c.Since, other.Since),
		c.Ref.Compare(other.Ref),
		cmp.Compare(c.Code, other.Code),
	)
}

// withDependents adds to the layers those that depend on them, directly or indirectly.
func withDependents(x *engine.Context, layers []object.Ref) []object.Ref {
	all := slices.Clone(layers)
	for i := 0; i < len(all); i++ {
		for _, ref := range x.Dependents[all[i].Key()] {
			all = engine.AddRef(all, ref)
		}
	}
	slices.SortFunc(all, object.Ref.Compare)
	return all
}
