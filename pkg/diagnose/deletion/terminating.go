// Package deletion explains why an object that is being deleted still exists: its
// finalizers, its dependents, or the program that should remove it.
package deletion

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// ExplainTerminating reports why an object of any kind that is being deleted still exists:
// which program has to remove each of its finalizers, and what that waits for. For the first
// minutes, a deletion is in progress.
func ExplainTerminating(x *engine.Context, obj *unstructured.Unstructured, failing bool) engine.Result {
	t := newTermination(x, obj)
	t.examine()
	return t.result(failing)
}

// termination is an object that is being deleted, under examination.
type termination struct {
	x   *engine.Context
	obj *unstructured.Unstructured
	ref object.Ref
	at  time.Time
	// reason is the reason that the controller gives, if any.
	reason string
	// why are clauses about what the deletion waits for; proof, fixes and last belong
	// to them. last are the fixes that lose something.
	why         []string
	proof       []finding.Evidence
	fixes, last []finding.Fix
	blame       []object.Ref
	unknown     []snapshot.Failure
}

func newTermination(x *engine.Context, obj *unstructured.Unstructured) *termination {
	t := &termination{x: x, obj: obj, ref: object.RefOf(obj), reason: "Terminating"}
	if at := obj.GetDeletionTimestamp(); at != nil {
		t.at = at.Time
	}
	return t
}

// examine checks everything that may prevent the deletion.
func (t *termination) examine() {
	for i, finalizer := range t.obj.GetFinalizers() {
		t.proof = append(t.proof, engine.Evidence(t.obj, fmt.Sprintf("metadata.finalizers[%d]", i), finalizer, time.Time{}))
		t.finalizer(finalizer)
	}
	switch t.ref.GroupKind() {
	case object.PodKind:
		t.pod()
	case object.NamespaceKind:
		t.namespace()
	}
	if len(t.why) == 0 {
		t.addReason("it has no finalizers, so nothing prevents the deletion")
		t.inspect("Check whether it still exists")
	}
}

// result is progress in the first minutes, and a cause later.
func (t *termination) result(failing bool) engine.Result {
	e := engine.Result{Verdict: health.Verdict{
		Ref: t.ref, Status: health.Progressing, Reason: health.Reason(t.reason), Since: t.at,
		Message: "it is being deleted; " + strings.Join(t.why, "; "),
	}}
	f := finding.Finding{
		Code: engine.CodeTerminating, Ref: t.ref, Reason: t.reason, Severity: finding.Critical, Since: t.at,
		Message: fmt.Sprintf("%s is being deleted and still exists: %s", t.ref, strings.Join(t.why, "; ")),
		Evidence: append([]finding.Evidence{
			engine.Evidence(t.obj, "metadata.deletionTimestamp", t.at.UTC().Format(time.RFC3339), t.at)}, t.proof...),
		Fixes: append(t.fixes, t.last...),
	}
	if t.ref.GroupKind() == object.NamespaceKind {
		f.Code = engine.CodeNamespaceStuck
	}
	if t.x.Now.Sub(t.at) < engine.DeletionGrace {
		if failing {
			e.Fallback = []finding.Finding{f}
		}
		return e
	}
	e.Verdict.Status = health.Failing
	e.Findings, e.Blame, e.Unknown = []finding.Finding{f}, t.blame, t.unknown
	return e
}

func (t *termination) addReason(format string, args ...any) {
	t.why = append(t.why, fmt.Sprintf(format, args...))
}

// inspect adds the command that shows the object and its events.
func (t *termination) inspect(text string) {
	t.fix(finding.Fix{Text: text, Command: engine.Describe(t.ref)})
}

func (t *termination) fix(f finding.Fix) {
	if !slices.Contains(t.fixes, f) {
		t.fixes = append(t.fixes, f)
	}
}

// list lists a kind, and records what could not be read.
func (t *termination) list(of kindIn) (objects []*unstructured.Unstructured, complete bool) {
	unread := t.x.Unreadable(of.kind, of.namespace)
	t.unknown = engine.Union(t.unknown, unread)
	return t.x.Snap.List(of.kind, of.namespace).Objects, len(unread) == 0
}

// blameDeleted blames an object if it is being deleted itself, and reports whether it
// is.
func (t *termination) blameDeleted(obj *unstructured.Unstructured) bool {
	if obj.GetDeletionTimestamp() == nil {
		return false
	}
	t.blame = engine.AddRef(t.blame, object.RefOf(obj))
	return true
}

// undiscovered blames the aggregated APIs that do not answer: while one is not
// available, the namespace controller does not know whether the namespace is empty. The
// APIs that the condition names as "group/version" are reported if none of them is
// known to be unavailable.
func (t *termination) undiscovered(groupVersions []string) {
	services, complete := t.list(kindIn{object.APIServiceKind, ""})
	for _, service := range services {
		if object.ConditionOf(service, "Available").Status == "False" {
			t.blame = engine.AddRef(t.blame, object.RefOf(service))
		}
	}
	if len(groupVersions) == 0 {
		return
	}
	t.addReason("the API server could not list the kinds of %s, so it does not know whether the namespace is empty", engine.ListOf(groupVersions))
	var names []string
	answering := 0
	for _, groupVersion := range groupVersions {
		ref := serviceOfAPI(groupVersion)
		names = append(names, ref.Name)
		if answer := t.x.Snap.Lookup(ref); answer.Presence == snapshot.Present && object.ConditionOf(answer.Object, "Available").Status == "True" {
			answering++
			t.proof = append(t.proof, engine.QuoteWithStatus(answer.Object, object.ConditionOf(answer.Object, "Available")))
		}
	}
	if complete && answering == len(names) {
		what := "it is"
		if len(names) > 1 {
			what = "both are"
		}
		if len(names) > 2 {
			what = "all are"
		}
		t.addReason("%s available now, and Kubernetes retries", what)
		return
	}
	what := fmt.Sprintf("Check whether APIService %s is available, and which Service serves it", names[0])
	if len(names) > 1 {
		what = fmt.Sprintf("Check whether APIServices %s are available, and which Service serves them", engine.ListOf(names))
	}
	t.fix(finding.Fix{Text: what, Command: "kubectl get apiservices " + string(escape.ShellWords(names)) + " -o wide"})
	t.fix(finding.Fix{Text: "Restore the server of the one that is not available; the deletion then continues", Command: "kubectl describe apiservices " + string(escape.ShellWords(names))})
}

// serviceOfAPI is the APIService of a group version.
func serviceOfAPI(groupVersion string) object.Ref {
	group, version, _ := strings.Cut(groupVersion, "/")
	return object.Ref{APIVersion: object.APIServiceKind.Group + "/v1", Kind: object.APIServiceKind.Kind, Name: version + "." + group}
}
