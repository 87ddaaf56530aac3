package operate

import (
	"slices"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// mayBegin reports whether all steps that the step depends on are done.
func (r *Run) mayBegin(p *progress) bool {
	for _, need := range p.Needs {
		if r.find(need).seen.Outcome != Ready {
			return false
		}
	}
	for _, ref := range p.After {
		if outcome := r.find(ref).seen.Outcome; outcome == Pending || outcome == Triggered {
			return false
		}
	}
	for _, layer := range p.Within {
		if !r.find(layer).applied {
			return false
		}
	}
	return true
}

// block skips the steps whose needs can no longer become Ready.
func (r *Run) block() {
	for changed := true; changed; {
		changed = false
		for _, p := range r.steps {
			if p.seen.Outcome != Pending {
				continue
			}
			if ref, blocked := r.blocker(p); blocked {
				p.seen.Outcome, p.seen.Message, changed = Blocked, "it depends on "+ref.String()+", which is not Ready", true
			}
		}
	}
}

func (r *Run) blocker(p *progress) (object.Ref, bool) {
	for _, need := range p.Needs {
		if n := r.find(need); n.seen.Outcome != Ready && r.final(n) {
			return need, true
		}
	}
	for _, layer := range p.Within {
		if l := r.find(layer); l.unmet || l.seen.Outcome == Blocked {
			return layer, true
		}
	}
	return object.Ref{}, false
}

// final reports whether the step's outcome can no longer change.
func (r *Run) final(p *progress) bool {
	switch p.seen.Outcome {
	case Ready, Blocked:
		return true
	case Failing:
		return p.requested > 1 || !r.again(p) && !slices.ContainsFunc(r.inside(p), func(c *progress) bool { return !r.final(c) })
	}
	return false
}

// again reports whether a failed layer is triggered a second time.
func (r *Run) again(p *progress) bool {
	inside := r.inside(p)
	return p.seen.Outcome == Failing && p.requested == 1 && len(inside) > 0 &&
		!slices.ContainsFunc(inside, func(c *progress) bool { return c.seen.Outcome != Ready })
}

// inside are the steps that the layer applies.
func (r *Run) inside(p *progress) []*progress {
	var inside []*progress
	for _, c := range r.steps {
		if slices.ContainsFunc(c.Within, p.Ref.Same) && !c.forgone {
			inside = append(inside, c)
		}
	}
	return inside
}
