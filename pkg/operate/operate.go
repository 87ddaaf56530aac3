// Package operate plans operations on a tenant's Flux objects: which are reconciled, in
// which order and with which result, and which are suspended. It is pure: its caller
// carries out the plan.
package operate

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// Annotations that request a reconciliation (fluxcd/pkg/apis/meta v1.30, annotations.go;
// helm-controller v1.6, api/v2/annotations.go). Their value is any new text;
// status.lastHandledReconcileAt has the value of the first one when the attempt has ended.
const (
	// RequestAnnotation requests a reconciliation now.
	RequestAnnotation = "reconcile.fluxcd.io/requestedAt"
	// resetAnnotation, with the same value, resets the failure counts of a HelmRelease, so
	// that helm-controller retries one that has exhausted its retries.
	resetAnnotation = "reconcile.fluxcd.io/resetAt"
)

// Step is one object to reconcile.
type Step struct {
	Ref object.Ref
	// Tenants are the names of the tenants that it is reconciled for.
	Tenants []string
	// Reset marks a HelmRelease that has exhausted its retries.
	Reset bool
	// IfMoved marks a shared layer that is Ready. It is only triggered if its source has
	// fetched a newer revision, which it must apply before the layers that depend on it.
	IfMoved bool
	// Optional marks the source of a release: if it may not be triggered, the release still is.
	Optional bool
	// Needs are steps that must be Ready before.
	Needs []object.Ref
	// After are steps that must be finished before, Ready or not: the sources of a release.
	After []object.Ref
	// Missing are the dependencies of the object that did not exist when the plan was made. It
	// is not triggered unless a layer above has changed this.
	Missing []object.Ref
	// Within are the layers among the steps that apply it. They need not be Ready, since
	// their health checks may wait for it; they only have to have applied the newest
	// revision.
	Within []object.Ref

	source object.Ref
	// uid and requested are the uid of the object and its newest request at the time of the
	// plan.
	uid       types.UID
	requested string
	// attempted is the revision that a layer had attempted when the plan was made.
	attempted string
}

// Patch is the merge patch for a request at this time, as RFC 3339 with nanoseconds. It has
// no resourceVersion, so that it does not conflict with other changes in the meantime.
func (s Step) Patch(moment string) map[string]any {
	annotations := map[string]any{RequestAnnotation: moment}
	if s.Reset {
		annotations[resetAnnotation] = moment
	}
	return map[string]any{"metadata": map[string]any{"annotations": annotations}}
}

// Outcome is the result for an object, in a word.
type Outcome string

// The outcomes of an operation.
const (
	// Pending: not triggered yet.
	Pending Outcome = "Pending"
	// Triggered: triggered, and not finished.
	Triggered Outcome = "Triggered"
	// Ready: reconciled after the request, and Ready.
	Ready Outcome = "Ready"
	// Failing: reconciled after the request, which failed.
	Failing Outcome = "Failing"
	// Blocked: not triggered, because a step that it needs is not Ready.
	Blocked Outcome = "Skipped"
	// ToTrigger, ToSuspend and ToResume are the outcomes of a dry run.
	ToTrigger, ToSuspend, ToResume Outcome = "To trigger", "To suspend", "To resume"
	// Suspended and Resumed: the results of Suspend and Resume.
	Suspended, Resumed Outcome = "Suspended", "Resumed"
)

// Result is the result for one object.
type Result struct {
	Ref     object.Ref
	Tenants []string
	Outcome Outcome
	// Reason is Flux's reason for a failure, empty otherwise.
	Reason string
	// Message is a short sentence for people, without a full stop.
	Message string
}

// names lists objects for a sentence.
func names(refs []object.Ref) string {
	all := make([]string, len(refs))
	for i, ref := range refs {
		all[i] = ref.String()
	}
	return strings.Join(all, ", ")
}

// SuspendedError is the error of a plan that can't be carried out because an object in it
// is suspended: Flux would not act on a request.
type SuspendedError struct {
	// Own are the tenants' own layers and releases; Sources may be others' too.
	Own, Sources []object.Ref
	// Tenants are those whose own objects are suspended.
	Tenants []string
}

func (e *SuspendedError) Error() string {
	all := append(append([]object.Ref{}, e.Own...), e.Sources...)
	verb := "is"
	if len(all) > 1 {
		verb = "are"
	}
	return fmt.Sprintf("%s %s suspended: Flux would not act on a request, so nothing was triggered", names(all), verb)
}
