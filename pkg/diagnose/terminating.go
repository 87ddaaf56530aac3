package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// explainTerminating reports why an object of any kind that is being deleted still
// exists: who has to remove each of its finalizers, and what that waits for. For the
// first minutes, a deletion is in progress.
func explainTerminating(x *examiner, obj *unstructured.Unstructured, failing bool) exam {
	t := newTermination(x, obj)
	t.examine()
	return t.result(failing)
}

// termination is an object that is being deleted, under examination.
type termination struct {
	x   *examiner
	obj *unstructured.Unstructured
	ref finding.Ref
	at  time.Time
	// reason is the reason that the controller gives, if any.
	reason string
	// why are clauses about what the deletion waits for; proof, fixes and last belong
	// to them. last are the fixes that lose something.
	why         []string
	proof       []finding.Evidence
	fixes, last []finding.Fix
	blame       []finding.Ref
	unknown     []snapshot.Failure
}

func newTermination(x *examiner, obj *unstructured.Unstructured) *termination {
	t := &termination{x: x, obj: obj, ref: finding.RefOf(obj), reason: "Terminating"}
	if at := obj.GetDeletionTimestamp(); at != nil {
		t.at = at.Time
	}
	return t
}

// examine checks everything that may prevent the deletion.
func (t *termination) examine() {
	for i, finalizer := range t.obj.GetFinalizers() {
		t.proof = append(t.proof, evidence(t.obj, fmt.Sprintf("metadata.finalizers[%d]", i), finalizer, time.Time{}))
		t.finalizer(finalizer)
	}
	switch t.ref.GroupKind() {
	case health.PodKind:
		t.pod()
	case health.NamespaceKind:
		t.namespace()
	}
	if len(t.why) == 0 {
		t.addReason("it has no finalizers, so nothing prevents the deletion")
		t.inspect("Check whether it still exists")
	}
}

// result is progress in the first minutes, and a cause later.
func (t *termination) result(failing bool) exam {
	e := exam{verdict: health.Verdict{
		Ref: t.ref, Status: health.Progressing, Reason: health.Reason(t.reason), Since: t.at,
		Message: "it is being deleted; " + strings.Join(t.why, "; "),
	}}
	f := finding.Finding{
		Code: codeTerminating, Ref: t.ref, Reason: t.reason, Severity: finding.Critical, Since: t.at,
		Message: fmt.Sprintf("%s is being deleted and still exists: %s", t.ref, strings.Join(t.why, "; ")),
		Evidence: append([]finding.Evidence{
			evidence(t.obj, "metadata.deletionTimestamp", t.at.UTC().Format(time.RFC3339), t.at)}, t.proof...),
		Fixes: append(t.fixes, t.last...),
	}
	if t.ref.GroupKind() == health.NamespaceKind {
		f.Code = codeNamespaceStuck
	}
	if t.x.now.Sub(t.at) < deletionGrace {
		if failing {
			e.fallback = []finding.Finding{f}
		}
		return e
	}
	e.verdict.Status = health.Failing
	e.findings, e.blame, e.unknown = []finding.Finding{f}, t.blame, t.unknown
	return e
}

func (t *termination) addReason(format string, args ...any) {
	t.why = append(t.why, fmt.Sprintf(format, args...))
}

// inspect adds the command that shows the object and its events.
func (t *termination) inspect(text string) {
	t.fix(finding.Fix{Text: text, Command: describe(t.ref)})
}

func (t *termination) fix(f finding.Fix) {
	if !slices.Contains(t.fixes, f) {
		t.fixes = append(t.fixes, f)
	}
}

// list lists a kind, and records what could not be read.
func (t *termination) list(of kindIn) (objects []*unstructured.Unstructured, complete bool) {
	unread := t.x.unreadable(of.kind, of.namespace)
	t.unknown = union(t.unknown, unread)
	return t.x.snap.List(of.kind, of.namespace).Objects, len(unread) == 0
}

// blameDeleted blames an object if it is being deleted itself, and reports whether it
// is.
func (t *termination) blameDeleted(obj *unstructured.Unstructured) bool {
	if obj.GetDeletionTimestamp() == nil {
		return false
	}
	t.blame = addRef(t.blame, finding.RefOf(obj))
	return true
}

// namesOf names the first objects, without the kind if they share it.
func namesOf(objects []*unstructured.Unstructured) string {
	var names []string
	for _, obj := range objects[:min(len(objects), maxNamed)] {
		names = append(names, obj.GetName())
	}
	text := strings.Join(names, ", ")
	if more := len(objects) - maxNamed; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// countOf is "1 pod" or "3 pods".
func countOf(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
