package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// hook blames the Job or Pod of a failed hook, or reports the hook if its object no
// longer exists or has succeeded since.
func (r release) hook(parsed fluxmsg.Helm, m statement) {
	unread := r.x.unreadable(jobKind, r.target())
	for _, ref := range r.hookObjects(parsed) {
		if r.x.snap.Lookup(ref).Object != nil {
			r.exam.blame = addRef(r.exam.blame, ref)
		}
	}
	f := r.finding(codeHookFailed, string(r.exam.verdict.Reason), fmt.Sprintf("the %s hook of %s failed: %s", parsed.Hook, finding.RefOf(r.obj), firstLine(parsed.Cause)))
	f.Evidence = withProof(f.Evidence, m.proof)
	f.Fixes = r.hookFixes(parsed, len(r.exam.blame) == 0 && len(unread) == 0)
	r.exam.unknown = append(r.exam.unknown, unread...)
	r.exam.findings = append(r.exam.findings, f)
}

// hookFixes are what to inspect next: the log of the Job of the hook, or if it no
// longer exists, how to read it at the next retry.
func (r release) hookFixes(parsed fluxmsg.Helm, gone bool) []finding.Fix {
	for _, item := range parsed.NotReady() {
		if item.Name == "" || gone {
			continue
		}
		namespace, kind := cmp.Or(item.Namespace, r.target()), strings.ToLower(item.Kind)
		return []finding.Fix{{Text: "Read the log of the hook", Command: escape.Command("kubectl logs %s/%s -n %s --all-containers", kind, item.Name, namespace)}, r.retry()}
	}
	events := finding.Fix{Text: "Read the events of the Job of the hook", Command: escape.Command("kubectl get events -n %s --sort-by=.lastTimestamp", r.target())}
	if gone {
		events.Text += ", which no longer exists; retry, and read the log while its pods run"
	}
	return []finding.Fix{events, r.retry()}
}

// hookObjects are the objects that the message names; if it names none, as with some
// versions of Helm, the Jobs that are hooks of this type.
func (r release) hookObjects(parsed fluxmsg.Helm) []finding.Ref {
	var refs []finding.Ref
	for _, item := range parsed.NotReady() {
		if item.Name == "" {
			continue
		}
		ref := finding.Ref{APIVersion: "batch/v1", Kind: jobKind.Kind, Name: item.Name}
		if item.Kind == health.PodKind.Kind {
			ref = coreRef(item.Kind, "", item.Name)
		}
		for _, namespace := range []string{item.Namespace, r.target()} {
			ref.Namespace = namespace
			refs = addRef(refs, ref)
		}
	}
	if len(refs) > 0 {
		return refs
	}
	for _, job := range r.x.snap.List(jobKind, r.target()).Objects {
		sorts := strings.Split(job.GetAnnotations()["helm.sh/hook"], ",")
		if slices.Contains(sorts, parsed.Hook) && r.owns(job) {
			refs = append(refs, finding.RefOf(job))
		}
	}
	return refs
}
