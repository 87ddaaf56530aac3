package operate

import (
	"slices"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// join determines after which other steps of the plan the step comes.
func (p *planner) join(step *Step) {
	obj := p.snap.Lookup(step.Ref).Object
	if p.index(step.source) >= 0 {
		step.Needs = append(step.Needs, step.source)
	}
	for _, ref := range health.Dependencies(obj) {
		if p.index(ref) >= 0 {
			step.Needs = append(step.Needs, ref)
		}
	}
	for _, ref := range p.after[step.Ref.Key()] {
		if p.index(ref) >= 0 {
			step.After = append(step.After, ref)
		}
	}
	owner := health.AppliedBy(obj)
	// Earlier in the plan, or the two apply each other.
	if at := p.index(owner); at >= 0 && at < p.index(step.Ref) {
		step.Within = append(step.Within, owner)
	}
}

// index is the position of the object in the plan, -1 if it has none.
func (p *planner) index(ref object.Ref) int {
	return slices.IndexFunc(p.plan.Steps, func(s Step) bool { return s.Ref.Same(ref) })
}

func appendNew[T comparable](list []T, item T) []T {
	if slices.Contains(list, item) {
		return list
	}
	return append(list, item)
}
