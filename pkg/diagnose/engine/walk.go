package engine

import (
	"math"
	"slices"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// FoundCause is a cause that a walk has found.
type FoundCause struct {
	finding.Finding
	Path []Step
	// Unwatched is Cause.Unwatched of package diagnose.
	Unwatched string
}

// Outcome is the result of a walk from one object.
type Outcome struct {
	Causes  []FoundCause
	Unknown []snapshot.Failure
}

// Walk follows blame through a graph: its nodes are objects, each at most twice, below
// something that has failed and below something that has not; its edges lead from an
// object to those that it blames. It is linear in nodes and edges.
//
// Objects that blame each other form a component (Tarjan's algorithm). The outcome of a
// component does not depend on where it was entered, so the order of tenants and
// objects does not change an answer.
type Walk struct {
	X     *Context
	nodes map[examKey]*node
	stack []*node
}

// node is an object in the graph of a walk.
type node struct {
	exam  Result
	step  Step
	edges []*node
	// index is the order in which nodes were entered, from 1 on; lowest is that of the
	// earliest node that can be reached and is not finished.
	index, lowest int
	onStack       bool
	out           Outcome
}

// NewWalk returns a walk that examines objects in the context.
func NewWalk(x *Context) *Walk {
	return &Walk{X: x, nodes: map[examKey]*node{}}
}

// From returns the causes below the object, each with its path from there.
func (w *Walk) From(ref object.Ref, failing bool) Outcome {
	return w.visit(ref, failing).out
}

func (w *Walk) visit(ref object.Ref, failing bool) *node {
	key := examKey{ref.Key(), failing}
	if known := w.nodes[key]; known != nil {
		return known
	}
	n := &node{exam: w.X.Examine(ref, failing), index: len(w.nodes) + 1, onStack: true}
	n.lowest = n.index
	n.step = Step{Ref: n.exam.Verdict.Ref, Status: n.exam.Verdict.Status, Note: string(n.exam.Verdict.Reason)}
	w.nodes[key] = n
	w.stack = append(w.stack, n)
	// A controller that has not reported has failed, though what it reconciles has not.
	failing = failing || n.exam.Verdict.Status == health.Failing || n.exam.Verdict.Reason == health.Stale
	for _, blamed := range n.exam.Blame {
		below := w.visit(blamed, failing)
		n.edges = append(n.edges, below)
		if below.onStack {
			n.lowest = min(n.lowest, below.lowest)
		}
	}
	if n.lowest == n.index {
		w.finish(n)
	}
	return n
}

// finish computes the outcome of a component, whose first node is given.
func (w *Walk) finish(first *node) {
	at := slices.Index(w.stack, first)
	component := slices.Clone(w.stack[at:])
	w.stack = w.stack[:at]
	for _, n := range component {
		n.out = n.conclude(component)
	}
	for _, n := range component {
		n.onStack = false
	}
}

// reached is a node of a component and the steps that lead to it.
type reached struct {
	*node
	path []Step
}

// within lists the nodes of the component from n on, the nearest first.
func (n *node) within(component []*node) []reached {
	found := []reached{{n, []Step{n.step}}}
	seen := map[*node]bool{n: true}
	for i := 0; i < len(found); i++ {
		for _, next := range found[i].edges {
			if !seen[next] && slices.Contains(component, next) {
				seen[next] = true
				found = append(found, reached{next, append(slices.Clone(found[i].path), next.step)})
			}
		}
	}
	return found
}

// withoutDetours is a path without the detours on which it returns to an object, once
// below what is in progress and once below what has failed.
func withoutDetours(path []Step) []Step {
	at := map[object.Key]int{}
	var out []Step
	for _, step := range path {
		if first, again := at[step.Ref.Key()]; again {
			for _, left := range out[first:] {
				delete(at, left.Ref.Key())
			}
			out = out[:first]
		}
		at[step.Ref.Key()] = len(out)
		out = append(out, step)
	}
	return out
}

// conclude returns the causes below the component; if there are none, those of its own
// nodes.
func (n *node) conclude(component []*node) Outcome {
	var out Outcome
	within := n.within(component)
	for _, at := range within {
		out.Unknown = Union(out.Unknown, at.exam.Unknown)
		for _, below := range at.edges {
			if slices.Contains(component, below) {
				continue
			}
			out.Unknown = Union(out.Unknown, below.out.Unknown)
			for _, c := range below.out.Causes {
				out.Causes = append(out.Causes, FoundCause{Finding: c.Finding, Path: withoutDetours(append(slices.Clone(at.path), c.Path...))})
			}
		}
	}
	if len(out.Causes) == 0 {
		for _, at := range within {
			for _, f := range at.exam.Findings {
				out.Causes = append(out.Causes, FoundCause{Finding: f, Path: at.path})
			}
		}
	}
	if len(out.Causes) == 0 && len(out.Unknown) == 0 {
		for _, at := range within {
			for _, f := range at.exam.Fallback {
				out.Causes = append(out.Causes, FoundCause{Finding: f, Path: at.path})
			}
		}
	}
	out.Causes = Distinct(out.Causes)
	return out
}

// Distinct keeps each cause once. If several objects report the same object with the
// same code and reason but different messages (three pods that lack one Secret), those
// of the first one count.
func Distinct(causes []FoundCause) []FoundCause {
	seen := map[Identity]bool{}
	reporter := map[Identity]object.Key{} // of each object, code and reason
	return slices.DeleteFunc(causes, func(c FoundCause) bool {
		id, from := IdentityOf(c.Finding), c.Path[len(c.Path)-1].Ref.Key()
		about := id
		about.Message = ""
		first, reported := reporter[about]
		again := seen[id] || reported && first != from
		seen[id] = true
		if !reported {
			reporter[about] = from
		}
		return again
	})
}

// examKey identifies an exam: an object, and whether something above it has failed.
type examKey struct {
	object.Key
	failing bool
}

// exams are the finished and running exams. An explainer may examine other objects and
// return to the first in a cycle: there, it only gets the verdict. A result that is
// based on such an incomplete answer is not kept, so that each answer is the one that
// its object gives when it is examined first.
type exams struct {
	done  map[examKey]Result
	stack []examKey
	// cut is the lowest position on the stack that was returned to.
	cut int
	// spared counts the results that were not kept; from maxSpared on, all are kept,
	// since objects that all refer to each other would take exponential time.
	spared int
}

const maxSpared = 10_000

func newExams() exams { return exams{done: map[examKey]Result{}, cut: math.MaxInt} }

// Examine runs the explainer of the kind of the object, once.
func (x *Context) Examine(ref object.Ref, failing bool) Result {
	key := examKey{ref.Key(), failing}
	if known, ok := x.exams.done[key]; ok {
		return known
	}
	if at := slices.Index(x.exams.stack, key); at >= 0 {
		x.exams.cut = min(x.exams.cut, at)
		return Result{Verdict: x.Health.Of(ref)}
	}
	position, cut := len(x.exams.stack), x.exams.cut
	x.exams.stack, x.exams.cut = append(x.exams.stack, key), math.MaxInt
	result := x.explain(ref, failing)
	x.exams.stack = x.exams.stack[:position]
	if x.exams.cut >= position || x.exams.spared >= maxSpared {
		x.exams.done[key] = result
		x.exams.cut = cut
	} else {
		x.exams.spared++
		x.exams.cut = min(cut, x.exams.cut)
	}
	return result
}

func (x *Context) explain(ref object.Ref, failing bool) Result {
	answer := x.Snap.Lookup(ref)
	switch answer.Presence {
	case snapshot.Unknown:
		verdict := x.Health.Of(ref)
		if answer.Failure.Reason == snapshot.NotServed {
			return Result{Verdict: verdict}
		}
		return Result{Verdict: verdict, Unknown: []snapshot.Failure{*answer.Failure}}
	case snapshot.Absent:
		return Result{Verdict: x.Health.Of(ref)} // the object that blames it reports it as missing
	}
	if answer.Object.GetDeletionTimestamp() != nil {
		return x.Registry.Terminating(x, answer.Object, failing)
	}
	explain := x.Registry.ByKind[ref.GroupKind()]
	if explain == nil {
		explain = x.Registry.Other
	}
	return explain(x, answer.Object, failing)
}
