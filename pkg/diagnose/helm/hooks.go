package helm

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/message/healthcheck"
	"github.com/digihunch/kubectl-orthweb/pkg/message/helm"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// hook blames the Job or Pod of a failed hook, or reports the hook if its object no
// longer exists or has succeeded since.
func hook(r flux.Release, parsed helm.Failure, m flux.Statement) {
	unread := r.X.Unreadable(object.JobKind, r.Target())
	for _, ref := range hookObjects(r, parsed) {
		if r.X.Snap.Lookup(ref).Object != nil {
			r.Result.Blame = engine.AddRef(r.Result.Blame, ref)
		}
	}
	f := releaseFinding(r, engine.CodeHookFailed, string(r.Result.Verdict.Reason), fmt.Sprintf("the %s hook of %s failed: %s", parsed.Hook, object.RefOf(r.Obj), health.FirstLine(parsed.Cause)))
	f.Evidence = engine.WithProof(f.Evidence, m.Proof)
	f.Fixes = hookFixes(r, parsed, len(r.Result.Blame) == 0 && len(unread) == 0)
	r.Result.Unknown = append(r.Result.Unknown, unread...)
	r.Result.Findings = append(r.Result.Findings, f)
}

// hookFixes are what to inspect next: the log of the Job of the hook, or if it no
// longer exists, how to read it at the next retry.
func hookFixes(r flux.Release, parsed helm.Failure, gone bool) []finding.Fix {
	for _, item := range parsed.NotReady() {
		if item.Name == "" || gone {
			continue
		}
		namespace, kind := cmp.Or(item.Namespace, r.Target()), strings.ToLower(item.Kind)
		return []finding.Fix{{Text: "Read the log of the hook", Command: escape.Command("kubectl logs %s/%s -n %s --all-containers", kind, item.Name, namespace)}, retry(r)}
	}
	events := finding.Fix{Text: "Read the events of the Job of the hook", Command: escape.Command("kubectl get events -n %s --sort-by=.lastTimestamp", r.Target())}
	if gone {
		events.Text += ", which no longer exists; retry, and read the log while its pods run"
	}
	return []finding.Fix{events, retry(r)}
}

// hookObjects are the objects that the message names; if it names none, as with some
// versions of Helm, the Jobs that are hooks of this type.
func hookObjects(r flux.Release, parsed helm.Failure) []object.Ref {
	var refs []object.Ref
	for _, item := range parsed.NotReady() {
		if item.Name == "" {
			continue
		}
		ref := object.Ref{APIVersion: "batch/v1", Kind: object.JobKind.Kind, Name: item.Name}
		if item.Kind == object.PodKind.Kind {
			ref = engine.CoreRef(item.Kind, "", item.Name)
		}
		for _, namespace := range []string{item.Namespace, r.Target()} {
			ref.Namespace = namespace
			refs = engine.AddRef(refs, ref)
		}
	}
	if len(refs) > 0 {
		return refs
	}
	for _, job := range r.X.Snap.List(object.JobKind, r.Target()).Objects {
		sorts := strings.Split(job.GetAnnotations()["helm.sh/hook"], ",")
		if slices.Contains(sorts, parsed.Hook) && r.Owns(job) {
			refs = append(refs, object.RefOf(job))
		}
	}
	return refs
}

// installed blames the installed objects that are not ready. They are found by the
// annotations that Helm sets, or by the names that charts derive from the name of the
// release.
func installed(r flux.Release, failing bool) {
	for _, kind := range engine.WorkloadKinds {
		for _, obj := range r.X.Snap.List(kind, r.Target()).Objects {
			if r.Owns(obj) && awaited(r, object.RefOf(obj), failing) {
				r.Result.Blame = engine.AddRef(r.Result.Blame, object.RefOf(obj))
			}
		}
		r.Result.Unknown = append(r.Result.Unknown, r.X.Unreadable(kind, r.Target())...)
	}
	for _, obj := range r.X.Snap.List(object.ServiceKind, r.Target()).Objects {
		loadBalancer := object.Text(obj.Object, "spec", "type") == "LoadBalancer" // Helm waits for its address
		if loadBalancer && r.Owns(obj) && awaited(r, object.RefOf(obj), failing) {
			r.Result.Blame = engine.AddRef(r.Result.Blame, object.RefOf(obj))
		}
	}
}

// awaited reports whether Helm still waits for an object, or would wait forever.
func awaited(r flux.Release, ref object.Ref, failing bool) bool {
	result := r.X.Examine(ref, failing)
	status := result.Verdict.Status
	waited := status == health.Progressing || status == health.Unknown // Helm counts no replicas as ready
	return status == health.Failing || len(result.Findings) > 0 && status != health.Suspended || failing && waited
}

// waitedFor blames the objects of any kind that Helm reports to have waited for, if
// they are not ready.
func waitedFor(r flux.Release, items []healthcheck.Item) {
	for _, item := range items {
		for _, gk := range r.X.KindsNamed(item.Kind) {
			ref := object.Ref{APIVersion: gk.WithVersion("v1").GroupVersion().String(), Kind: item.Kind, Namespace: item.Namespace, Name: item.Name}
			if ref.Namespace == "" {
				ref.Namespace = r.Target()
			}
			if r.X.Snap.Lookup(ref).Presence == snapshot.Present && awaited(r, ref, true) {
				r.Result.Blame = engine.AddRef(r.Result.Blame, ref)
			}
		}
	}
}
