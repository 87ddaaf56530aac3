package health

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// cycles knows which waiting objects wait for themselves. It looks at all of
// them at once, with Tarjan's algorithm in a single pass, rather than at those
// that happen to be under way when one is judged: that would make verdicts
// depend on which object was asked about first.
type cycles struct {
	snap *snapshot.Snapshot
	// group numbers the groups whose members can all get to each other by what
	// they depend on. An object in no circle is alone in its group.
	group map[finding.Key]int

	order   map[finding.Key]int // in which the objects were first met
	lowest  map[finding.Key]int // order of the earliest one that can be got back to
	pending map[finding.Key]bool
	stack   []finding.Key
}

// cycles are looked for when the first waiting object is met.
func (a *Assessor) cycles() *cycles {
	if a.knots != nil {
		return a.knots
	}
	a.knots = &cycles{
		snap: a.snap, group: map[finding.Key]int{},
		order: map[finding.Key]int{}, lowest: map[finding.Key]int{}, pending: map[finding.Key]bool{},
	}
	for _, gk := range []schema.GroupKind{KustomizationKind, HelmReleaseKind} {
		for _, obj := range a.snap.List(gk, "").Objects {
			if waits(obj) && a.knots.order[finding.RefOf(obj).Key()] == 0 {
				a.knots.visit(obj)
			}
		}
	}
	return a.knots
}

// share tells whether an object and one that it depends on, which may be itself,
// are in one circle.
func (c *cycles) share(obj, dependency finding.Ref) bool {
	number, ok := c.group[obj.Key()]
	return ok && number == c.group[dependency.Key()]
}

func (c *cycles) visit(obj *unstructured.Unstructured) {
	self := finding.RefOf(obj).Key()
	c.order[self] = len(c.order) + 1
	c.lowest[self] = c.order[self]
	c.stack = append(c.stack, self)
	c.pending[self] = true
	for _, ref := range Dependencies(obj) {
		dep := ref.Key()
		answer := c.snap.Lookup(ref)
		switch {
		case answer.Presence != snapshot.Present || !waits(answer.Object):
		case c.order[dep] == 0:
			c.visit(answer.Object)
			c.lowest[self] = min(c.lowest[self], c.lowest[dep])
		case c.pending[dep]:
			c.lowest[self] = min(c.lowest[self], c.order[dep])
		}
	}
	if c.lowest[self] == c.order[self] {
		c.close(self)
	}
}

// close takes a finished group off the stack.
func (c *cycles) close(first finding.Key) {
	for {
		member := c.stack[len(c.stack)-1]
		c.stack = c.stack[:len(c.stack)-1]
		delete(c.pending, member)
		c.group[member] = c.order[first]
		if member == first {
			return
		}
	}
}
