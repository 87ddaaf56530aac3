package operate

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/similar"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// A layer or release that depends on one that does not exist waits for it without end. This is
// reported immediately, unless a layer above may still correct it: the caller of a Run then looks
// again before it triggers the object.

// findMissing finds the dependencies that do not exist.
func (p *planner) findMissing() {
	p.plan.names = map[schema.GroupKind][]string{}
	for _, kind := range []schema.GroupKind{object.KustomizationKind, object.HelmReleaseKind} {
		for _, obj := range p.snap.List(kind, "").Objects {
			p.plan.names[kind] = append(p.plan.names[kind], obj.GetName())
		}
	}
	for i := range p.plan.Steps {
		step := &p.plan.Steps[i]
		obj := p.snap.Lookup(step.Ref).Object
		if kind := step.Ref.GroupKind(); kind != object.KustomizationKind && kind != object.HelmReleaseKind {
			continue
		}
		for _, ref := range health.Dependencies(obj) {
			if p.snap.Lookup(ref).Presence == snapshot.Absent {
				step.Missing = append(step.Missing, ref)
				p.plan.Notes = slices.DeleteFunc(p.plan.Notes, func(note string) bool { return note == notThere(ref) })
				p.note("%s will not be triggered unless this changes: %s", step.Ref, missing(p.plan.names, ref))
			}
		}
	}
}

// missing says that a dependency does not exist, with a name that is similar to its own.
func missing(names map[schema.GroupKind][]string, ref object.Ref) string {
	text := fmt.Sprintf("it depends on %s, which does not exist", ref)
	if near := similar.Nearest(ref.Name, names[ref.GroupKind()]); near != "" {
		text += fmt.Sprintf(" (did you mean %s?)", near)
	}
	return text
}

// Unmet records that the object of a step, open or due, depends on one that does not exist. It is
// not triggered, or no longer waited for.
func (r *Run) Unmet(ref, dependency object.Ref) Result {
	p := r.find(ref)
	p.requested = max(p.requested, 2) // it is not triggered again
	p.unmet = true
	p.seen.Outcome, p.seen.Reason, p.seen.Message = Failing, string(health.DependencyMissing), missing(r.names, dependency)
	return p.seen
}

// Doubtful are the dependencies of an object, open or due, that may not exist: no step reconciles
// them, and Flux waits for them.
func (r *Run) Doubtful(obj *unstructured.Unstructured) []object.Ref {
	var doubtful []object.Ref
	for _, ref := range health.Dependencies(obj) {
		if r.find(ref) == nil {
			doubtful = append(doubtful, ref)
		}
	}
	return doubtful
}
