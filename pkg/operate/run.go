package operate

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// Run is a plan that is being carried out. Its caller triggers the steps that are Due,
// records that with Triggered, and reads those that are Open until the run is Over.
type Run struct {
	steps []*progress
	names map[schema.GroupKind][]string
}

// progress is a step and its state.
type progress struct {
	Step
	seen      Result
	requested int
	// applied is set once a layer has applied its objects since it was triggered.
	applied bool
	// inventory are the objects that a layer has applied since it was triggered; it is not
	// known before.
	inventory      []object.Ref
	inventoryKnown bool
	// pruned is set once the object no longer exists because its layer no longer applies it.
	pruned bool
	// revision is what a source has fetched.
	revision string
	// forgone is set if the user may not trigger an optional step.
	forgone bool
	// unmet is set if the object depends on one that does not exist.
	unmet bool
}

// NewRun begins to carry out the plan.
func NewRun(plan Plan) *Run {
	r := &Run{names: plan.names}
	for _, step := range plan.Steps {
		r.steps = append(r.steps, &progress{Step: step, seen: Result{Ref: step.Ref, Tenants: step.Tenants, Outcome: Pending}})
	}
	return r
}

// Due are the steps to trigger now. A layer that failed while an object that it applies
// was not Ready is due a second time when all of these are Ready: its health checks may
// fail immediately because of a release that has exhausted its retries
// (kustomize-controller 1.1 and later).
func (r *Run) Due() []Step {
	r.block()
	var due []Step
	for _, p := range r.steps { // in dependency order
		if p.seen.Outcome == Pending && r.mayBegin(p) && !r.stays(p) || r.again(p) {
			due = append(due, p.Step)
		}
	}
	if len(due)+len(r.Open()) == 0 { // all that are left wait in a cycle
		for _, p := range r.steps {
			if p.seen.Outcome == Pending {
				p.seen.Outcome, p.seen.Message = Blocked, "it is part of a dependency cycle"
			}
		}
	}
	return due
}

// Triggered records that a step has been triggered.
func (r *Run) Triggered(ref object.Ref) {
	p := r.find(ref)
	p.requested++
	p.seen.Outcome, p.seen.Reason, p.seen.Message, p.applied = Triggered, "", notTakenUp, false
}

// stays skips a shared layer whose source has fetched nothing newer: it is Ready without a
// trigger.
func (r *Run) stays(p *progress) bool {
	fetched := r.fetched(p)
	if !p.IfMoved || fetched != "" && fetched != p.attempted {
		return false
	}
	p.seen.Outcome, p.applied = Ready, true
	return true
}

// fetched is the revision that the step's source has fetched, empty if it is not known.
func (r *Run) fetched(p *progress) string {
	if source := r.find(p.source); source != nil {
		return source.revision
	}
	return ""
}

// Open are the steps that have been triggered and are not finished.
func (r *Run) Open() []object.Ref {
	var open []object.Ref
	for _, p := range r.steps {
		if p.seen.Outcome == Triggered {
			open = append(open, p.Ref)
		}
	}
	return open
}

// Observe updates an open step with the current state of its object.
func (r *Run) Observe(obj *unstructured.Unstructured, now time.Time) Result {
	p := r.find(object.RefOf(obj))
	p.seen = p.judge(obj, r.fetched(p), now)
	p.applied = p.applied || checking(obj) || p.seen.Outcome != Triggered
	p.revision = object.Text(obj.Object, "status", "artifact", "revision")
	// A layer writes its inventory before it prunes and checks health (kustomize-controller
	// v1.9.6, internal/controller/kustomization_controller.go). That of an earlier attempt
	// remains if this one fails.
	if p.applied && p.seen.Outcome != Failing {
		p.inventory, p.inventoryKnown = health.Inventory(obj), true
	}
	if p.seen.Outcome == Ready && p.Ref.GroupKind() == object.HelmReleaseKind {
		r.reopen(p)
	}
	return p.seen
}

// reopen looks again at the failed sources of a release that is Ready: helm-controller may have
// changed them.
func (r *Run) reopen(p *progress) {
	for _, ref := range p.After {
		if source := r.find(ref); source.seen.Outcome == Failing && !source.pruned {
			source.seen.Outcome = Triggered
			r.reopen(source)
		}
	}
}

// Gone records that the object of a step, open or due, no longer exists. If the layer that
// applied it no longer has it, the step is done: the object was to be deleted.
func (r *Run) Gone(ref object.Ref) Result {
	p := r.find(ref)
	p.requested++ // it is not triggered again
	p.seen.Outcome, p.seen.Reason, p.seen.Message, p.applied = Failing, "", "it was deleted in the meantime", true
	if layer, ok := r.prunedBy(p); ok {
		p.seen.Outcome, p.seen.Message, p.pruned = Ready, "it was deleted: "+layer.String()+" no longer applies it", true
	}
	return p.seen
}

// Forgo records that the user may not trigger an optional step.
func (r *Run) Forgo(ref object.Ref, why string) Result {
	p := r.find(ref)
	p.forgone, p.seen.Outcome, p.seen.Message = true, Blocked, why
	return p.seen
}

// prunedBy is the layer that has applied a revision without the object; ok is false if there
// is none, or a layer still has the object.
func (r *Run) prunedBy(p *progress) (layer object.Ref, ok bool) {
	for _, ref := range p.Within {
		within := r.find(ref)
		if !within.pruned && (!within.inventoryKnown || slices.ContainsFunc(within.inventory, p.Ref.Same)) {
			return object.Ref{}, false
		}
		layer = ref
	}
	return layer, len(p.Within) > 0
}

// Over reports whether nothing is left to trigger or to wait for.
func (r *Run) Over() bool {
	r.block()
	return !slices.ContainsFunc(r.steps, func(p *progress) bool { return !r.final(p) })
}

// Results are the results so far, in the plan's order, without the shared layers that
// there was no reason to trigger.
func (r *Run) Results() []Result {
	var results []Result
	for _, p := range r.steps {
		if p.requested > 0 || !p.IfMoved {
			results = append(results, p.seen)
		}
	}
	return results
}

func (r *Run) find(ref object.Ref) *progress {
	for _, p := range r.steps {
		if p.Ref.Same(ref) {
			return p
		}
	}
	return nil
}

// Tenants are those of the objects with one of the outcomes, each once.
func (r *Run) Tenants(outcomes ...Outcome) []string {
	var tenants []string
	for _, result := range r.Results() {
		if !slices.Contains(outcomes, result.Outcome) || r.find(result.Ref).forgone {
			continue
		}
		for _, name := range result.Tenants {
			if !slices.Contains(tenants, name) {
				tenants = append(tenants, name)
			}
		}
	}
	return tenants
}

// Would are the results of a dry run.
func (r *Run) Would() []Result {
	for _, p := range r.steps {
		if len(p.Missing) > 0 {
			r.Unmet(p.Ref, p.Missing[0])
		}
	}
	r.block()
	results := r.Results()
	for i := range results {
		if results[i].Outcome == Pending {
			results[i].Outcome = ToTrigger
		}
	}
	return results
}

// Skipped reports whether a step is not triggered because of another.
func (r *Run) Skipped(ref object.Ref) bool {
	r.block()
	return r.find(ref).seen.Outcome == Blocked
}

// Step is the step of an object.
func (r *Run) Step(ref object.Ref) Step { return r.find(ref).Step }
