// Package diagnose finds root causes: from a tenant, or any object, it follows
// what each object is waiting for or broken by, down to the ones that blame
// nothing deeper. What is wrong with those is the cause; what is wrong with all
// others follows from it and is not reported.
//
// It is pure: one snapshot, one answer. There is one explainer a kind, each in a
// file of its own, in the registry below.
package diagnose

import (
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// Explanation is the answer for each subject that was asked about.
type Explanation struct {
	// At is the snapshot's moment.
	At       time.Time
	Subjects []Subject
}

// Subject is a tenant or an object, and why it is not ready.
type Subject struct {
	// Ref is the object that was asked about; of a tenant, the object that
	// decides its verdict.
	Ref finding.Ref
	// Object is set when an object was asked about, not a tenant.
	Object bool
	// Tenant is the tenant's name, empty for an object that is in none.
	Tenant string
	// Verdict is the state that is explained.
	Verdict health.Verdict
	// Causes are the independent causes, the one that blocks most first.
	Causes []Cause
	// Unknown is what could not be read and might hold a cause.
	Unknown []snapshot.Failure
	// Deadline is until when what is in progress may take, zero when nothing
	// says so.
	Deadline time.Time
}

// Cause is a finding on an object that blames nothing deeper.
type Cause struct {
	finding.Finding
	// Path leads from the outermost object down to the cause's own.
	Path []Step
	// Layers and Tenants are held up by the cause, sorted.
	Layers  []finding.Ref
	Tenants []string
	// Unwatched is why Flux reports the tenant's layers as ready all the same, in a
	// clause; empty when it does not, or when its health checks show the cause.
	Unwatched string
	// NextRetry is when Flux will try again, zero when that can't be told.
	NextRetry time.Time
}

// Step is an object on the way to a cause, and its state there.
type Step struct {
	Ref    finding.Ref
	Status health.Status
	// Note is a reason or a count, a few words.
	Note string
}

// exam is what an explainer found out about one object.
type exam struct {
	verdict health.Verdict
	// findings are what is wrong with the object itself.
	findings []finding.Finding
	// fallback is what there is to say when nothing deeper is found, and
	// nothing that might hold the cause was unreadable.
	fallback []finding.Finding
	// blame are the objects that it waits for or is broken by.
	blame []finding.Ref
	// unknown is what the explainer would have needed to read.
	unknown []snapshot.Failure
}

// explainer examines one object. failing tells that something above it has
// failed because of it: then "not ready yet" is a failure too, not progress.
type explainer func(x *examiner, obj *unstructured.Unstructured, failing bool) exam
