package engine

import (
	"cmp"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// RequestTimeout is how long a request may be pending: issuers in the cluster respond in
// seconds, ACME in minutes.
const RequestTimeout = 5 * time.Minute

// Step is an object on the path to a cause, with its state there.
type Step struct {
	Ref    object.Ref
	Status health.Status
	// Note is a reason or a count, in a few words.
	Note string
}

// Result is the result of an explainer for one object.
type Result struct {
	Verdict health.Verdict
	// Findings are the problems of the object itself.
	Findings []finding.Finding
	// Fallback is what to report if no deeper cause is found, and everything that may
	// hide one could be read.
	Fallback []finding.Finding
	// Blame are the objects that it waits for or fails because of.
	Blame []object.Ref
	// Unknown is what the explainer needed but could not read.
	Unknown []snapshot.Failure
}

// Explainer examines one object. failing means that something above the object has
// failed because of it: then "not ready yet" is a failure too, not progress.
type Explainer func(x *Context, obj *unstructured.Unstructured, failing bool) Result

// Identity identifies a cause: two causes are the same if they report the same about
// the same object. Two messages about one object, such as two missing dependencies, are
// two causes.
type Identity struct {
	object.Key
	Code            finding.Code
	Reason, Message string
}

// IdentityOf is the identity of the cause that a finding reports.
func IdentityOf(f finding.Finding) Identity {
	return Identity{f.Ref.Key(), f.Code, f.Reason, f.Message}
}

// OldestFirst compares two times; a time that is not known comes last.
func OldestFirst(a, b time.Time) int {
	if a.IsZero() != b.IsZero() { // one that is not known comes last
		return cmp.Compare(BoolRank(a.IsZero()), BoolRank(b.IsZero()))
	}
	return a.Compare(b)
}

// BoolRank is 0 for false and 1 for true, to sort by a condition.
func BoolRank(b bool) int {
	if b {
		return 1
	}
	return 0
}

// AddRef appends a reference unless the list has it.
func AddRef(refs []object.Ref, ref object.Ref) []object.Ref {
	if slices.ContainsFunc(refs, ref.Same) {
		return refs
	}
	return append(refs, ref)
}

// Union appends the failures of b that a does not have to a.
func Union(a, b []snapshot.Failure) []snapshot.Failure {
	for _, f := range b {
		if !slices.Contains(a, f) {
			a = append(a, f)
		}
	}
	return a
}

// JudgeByFindings sets the verdict from the findings, for kinds that have no status. A warning
// leaves the object ready.
func (e *Result) JudgeByFindings() {
	for _, f := range e.Findings {
		if f.Severity == finding.Critical {
			e.Verdict.Status, e.Verdict.Reason, e.Verdict.Message, e.Verdict.Since = health.Failing, health.Reason(f.Reason), f.Message, f.Since
			return
		}
	}
}

// Judge is what an object reports about its own state. Ready means that nothing in the
// object indicates a problem.
type Judge func(x *Context, obj *unstructured.Unstructured) Result
