package health

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// cycles are the waiting objects that wait for themselves. All objects are analyzed at
// once, with Tarjan's algorithm in a single pass. If only the objects that are being
// judged were analyzed, verdicts would depend on which object was requested first.
type cycles struct {
	snap *snapshot.Snapshot
	// group numbers the groups of objects that depend on each other, directly or
	// indirectly. An object in no cycle is alone in its group.
	group map[object.Key]int

	order   map[object.Key]int // the order of the first visits
	lowest  map[object.Key]int // the order of the earliest object that it leads back to
	pending map[object.Key]bool
	stack   []object.Key
}

// cycles are computed when the first waiting object is judged.
func (a *Assessor) cycles() *cycles {
	if a.loops != nil {
		return a.loops
	}
	a.loops = &cycles{
		snap: a.snap, group: map[object.Key]int{},
		order: map[object.Key]int{}, lowest: map[object.Key]int{}, pending: map[object.Key]bool{},
	}
	for _, gk := range []schema.GroupKind{object.KustomizationKind, object.HelmReleaseKind} {
		for _, obj := range a.snap.List(gk, "").Objects {
			if Waits(obj) && a.loops.order[object.RefOf(obj).Key()] == 0 {
				a.loops.visit(obj)
			}
		}
	}
	return a.loops
}

// inOneCycle reports whether an object and one of its dependencies, which may be the object
// itself, are in one cycle.
func (c *cycles) inOneCycle(obj, dependency object.Ref) bool {
	number, ok := c.group[obj.Key()]
	return ok && number == c.group[dependency.Key()]
}

func (c *cycles) visit(obj *unstructured.Unstructured) {
	self := object.RefOf(obj).Key()
	c.order[self] = len(c.order) + 1
	c.lowest[self] = c.order[self]
	c.stack = append(c.stack, self)
	c.pending[self] = true
	for _, ref := range Dependencies(obj) {
		dep := ref.Key()
		answer := c.snap.Lookup(ref)
		switch {
		case answer.Presence != snapshot.Present || !Waits(answer.Object):
		case c.order[dep] == 0:
			c.visit(answer.Object)
			c.lowest[self] = min(c.lowest[self], c.lowest[dep])
		case c.pending[dep]:
			c.lowest[self] = min(c.lowest[self], c.order[dep])
		}
	}
	if c.lowest[self] == c.order[self] {
		c.closeGroup(self)
	}
}

// closeGroup removes a finished group from the stack.
func (c *cycles) closeGroup(first object.Key) {
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
