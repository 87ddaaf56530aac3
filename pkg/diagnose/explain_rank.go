package diagnose

import (
	"cmp"
	"slices"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// rankCauses determines what each cause blocks, over all subjects, and sorts the
// causes.
func (e *Explanation) rankCauses(x *examiner) {
	layers, tenants := map[Identity][]finding.Ref{}, map[Identity][]string{}
	for _, s := range e.Subjects {
		for _, c := range s.Causes {
			k := c.Identity()
			for _, ref := range x.withDependents(c.Layers) {
				layers[k] = addRef(layers[k], ref)
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

// Identity identifies a cause: two causes are the same if they report the same about
// the same object. Two messages about one object, such as two missing dependencies, are
// two causes.
type Identity struct {
	finding.Key
	Code            finding.Code
	Reason, Message string
}

// Identity is the same for the same cause of different subjects.
func (c Cause) Identity() Identity { return identityOf(c.Finding) }

func identityOf(f finding.Finding) Identity {
	return Identity{f.Ref.Key(), f.Code, f.Reason, f.Message}
}

var severityRank = map[finding.Severity]int{finding.Critical: 0, finding.Warning: 1, finding.Info: 2}

// Compare orders causes: by what they block, then by severity, then by age.
func (c Cause) Compare(other Cause) int {
	return cmp.Or(
		cmp.Compare(len(other.Layers), len(c.Layers)),
		cmp.Compare(len(other.Tenants), len(c.Tenants)),
		cmp.Compare(severityRank[c.Severity], severityRank[other.Severity]),
		oldestFirst(c.Since, other.Since),
		c.Ref.Compare(other.Ref),
		cmp.Compare(c.Code, other.Code),
	)
}

func oldestFirst(a, b time.Time) int {
	if a.IsZero() != b.IsZero() { // one that is not known comes last
		return cmp.Compare(boolRank(a.IsZero()), boolRank(b.IsZero()))
	}
	return a.Compare(b)
}

func boolRank(b bool) int {
	if b {
		return 1
	}
	return 0
}

func addRef(refs []finding.Ref, ref finding.Ref) []finding.Ref {
	if slices.ContainsFunc(refs, ref.Same) {
		return refs
	}
	return append(refs, ref)
}

func union(a, b []snapshot.Failure) []snapshot.Failure {
	for _, f := range b {
		if !slices.Contains(a, f) {
			a = append(a, f)
		}
	}
	return a
}

// withDependents adds to the layers those that depend on them, directly or indirectly.
func (x *examiner) withDependents(layers []finding.Ref) []finding.Ref {
	all := slices.Clone(layers)
	for i := 0; i < len(all); i++ {
		for _, ref := range x.dependents[all[i].Key()] {
			all = addRef(all, ref)
		}
	}
	slices.SortFunc(all, finding.Ref.Compare)
	return all
}
