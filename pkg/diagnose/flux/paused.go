package flux

import (
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// ResumeRollout is the fix that resumes a paused Deployment.
func ResumeRollout(ref object.Ref) finding.Fix {
	return finding.Fix{
		Text:    "Resume the rollout, unless it was paused on purpose and more changes will follow",
		Command: escape.Command("kubectl rollout resume deployment/%s -n %s", ref.Name, ref.Namespace),
	}
}

// AddPaused reports a paused rollout together with the problems of its pods: resuming
// it does not fix a pod of the newest template, and while it is paused, a pod of an
// older template is not replaced. If the problem of the pods is caused by another
// object, that object is followed first.
func AddPaused(x *engine.Context, e *engine.Result, paused finding.Finding, hard bool) {
	e.Findings = append(e.Findings, paused)
	if !hard {
		e.Blame = nil // they only need more time
		if e.Verdict.Message == "" || e.Verdict.Status == health.Progressing {
			e.Verdict.Reason, e.Verdict.Message = health.Reason(paused.Reason), paused.Message
		}
		return
	}
	for _, ref := range e.Blame {
		below := x.Examine(ref, true)
		if len(below.Blame) > 0 {
			return
		}
		e.Findings = append(e.Findings, below.Findings...)
		e.Unknown = engine.Union(e.Unknown, below.Unknown)
	}
	e.Blame = nil
}
