// Package diagnose finds root causes. It starts at a tenant or any other object, and
// follows what each object waits for or fails because of, down to the objects that
// blame no other object. The problems of those objects are the causes; the problems of
// all others are consequences, and are not reported.
//
// It is pure: the same snapshot gives the same answer. The explainers are in the packages
// below, by family (kustomize, helm, pki, pod, …): each is a function ExplainKIND, and
// kindTable lists them with the kinds that they read. Judges, functions JudgeKIND, read
// what an object reports about itself; judgesByKind lists them.
package diagnose

import (
	"slices"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// Explanation is the answer for each requested subject.
type Explanation struct {
	// At is the time of the snapshot.
	At       time.Time
	Subjects []Subject
}

// Causes are the causes of all subjects, each once, ranked.
func (e Explanation) Causes() []Cause {
	var all []Cause
	seen := map[engine.Identity]bool{}
	for _, s := range e.Subjects {
		for _, c := range s.Causes {
			if !seen[c.Identity()] {
				seen[c.Identity()] = true
				all = append(all, c)
			}
		}
	}
	slices.SortStableFunc(all, Cause.Compare)
	return all
}

// Subject is a tenant or an object, and why it is not ready.
type Subject struct {
	// Ref is the requested object; for a tenant, the object that determines its
	// verdict.
	Ref object.Ref
	// Object is set if the subject is an object, not a tenant.
	Object bool
	// Tenant is the name of the tenant, empty for an object that belongs to none.
	Tenant string
	// Verdict is the state that is explained.
	Verdict health.Verdict
	// Causes are the independent causes; the one that blocks the most comes first.
	Causes []Cause
	// Unknown is what could not be read and may hide a cause.
	Unknown []snapshot.Failure
	// Deadline is until when an action in progress may take, zero if it has no
	// deadline.
	Deadline time.Time
}

// Cause is a finding on an object that blames nothing deeper.
type Cause struct {
	finding.Finding
	// Path leads from the outermost object to the object of the cause.
	Path []engine.Step
	// Layers and Tenants are blocked by the cause, sorted.
	Layers  []object.Ref
	Tenants []string
	// Unwatched is why Flux nevertheless reports the layers of the tenant as ready, as
	// a clause; empty if Flux does not, or if its health checks detect the cause.
	Unwatched string
	// NextRetry is when Flux will retry, zero if that is not known.
	NextRetry time.Time
}
