package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/selfreport"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// addDetails adds to a cause what is relevant if a single object is requested: how
// often a probe failed.
func addDetails(w *engine.Walk, c *Cause) {
	if len(c.Path) == 0 {
		return
	}
	ref := c.Path[len(c.Path)-1].Ref
	if len(c.Fixes) == 0 {
		c.Fixes = []finding.Fix{{Text: "Check its events and what its controller reports about it", Command: selfreport.InspectCommand(ref)}}
	}
	pod := w.X.Snap.Lookup(ref).Object
	if pod == nil || ref.GroupKind() != object.PodKind {
		return
	}
	if c.Code != engine.CodeProbeFailed {
		return
	}
	for _, e := range w.X.Warnings(pod) {
		if e.Reason == "Unhealthy" && e.Count > 1 {
			c.Message += fmt.Sprintf(" (%d times)", e.Count)
			return
		}
	}
}

// addWarning adds the newest Warning event about a requested object that is not ready,
// unless its message is known already: an event may explain what the status does not.
func addWarning(w *engine.Walk, s *Subject, obj *unstructured.Unstructured) {
	if s.Verdict.Status == health.Ready || s.Verdict.Status == health.Suspended || len(s.Causes) > 1 || len(s.Causes) == 1 && !s.Causes[0].Ref.Same(s.Ref) {
		return
	}
	events := w.X.Warnings(obj)
	if len(events) == 0 {
		return
	}
	e := events[0]
	line := health.FirstLine(e.Message)
	if len(s.Causes) == 0 {
		f := finding.Finding{
			Code: engine.CodeOtherNotReady, Ref: s.Ref, Reason: e.Reason, Severity: finding.Warning, Since: e.First,
			Message:  s.Ref.String() + ": " + s.Verdict.Message + "; its newest warning is " + e.Reason + ": " + line,
			Evidence: []finding.Evidence{engine.EventEvidence(s.Ref, e)},
			Fixes:    []finding.Fix{{Text: "Check its events and what its controller reports about it", Command: selfreport.InspectCommand(s.Ref)}},
		}
		s.addCauses(w.X, engine.Outcome{Causes: []engine.FoundCause{{Finding: f, Path: []engine.Step{{Ref: s.Ref, Status: s.Verdict.Status, Note: string(s.Verdict.Reason)}}}}, Unknown: s.Unknown})
		return
	}
	c := &s.Causes[0]
	if !slices.Contains(selfreport.StateCodes, c.Code) || c.Reason == e.Reason || strings.Contains(c.Message, line) {
		return
	}
	c.Message += "; its newest warning is " + e.Reason + ": " + line
	c.Evidence = w.X.Verified(append(slices.Clone(c.Evidence), engine.EventEvidence(s.Ref, e)))
}

// explainDirectly completes the result of a walk for a requested object. Its causes are
// printed however recent they are: their age determines the severity. If the walk has no
// cause, the state that the object reports is printed. For a requested tenant, neither is
// done: there, what may become ready is not a cause.
func explainDirectly(w *engine.Walk, s *Subject) {
	obj := w.X.Snap.Lookup(s.Ref).Object
	if obj == nil {
		return
	}
	if len(s.Causes) == 0 {
		explainOwnState(w, s, obj)
	}
	if obj.GetDeletionTimestamp() != nil {
		addObstacle(s, obj)
	}
	for i := range s.Causes {
		addDetails(w, &s.Causes[i])
	}
	s.doubtVerdict(obj)
	addWarning(w, s, obj)
	if s.Verdict.Message == "" && len(s.Causes) > 0 {
		s.Verdict.Message = s.Causes[0].Message
	}
}

// doubtVerdict sets the verdict to Unknown if a condition that may contradict it can't be
// parsed: the object is ready otherwise, or nothing explains why it is not.
func (s *Subject) doubtVerdict(obj *unstructured.Unstructured) {
	why, ok := selfreport.UnreadableCondition(obj)
	unexplained := func(c Cause) bool { return c.Code == engine.CodeNotReadyForUnknown }
	if !ok || s.Verdict.Status != health.Ready && (s.Verdict.Status != health.Progressing || slices.ContainsFunc(s.Causes, func(c Cause) bool { return !unexplained(c) })) {
		return
	}
	s.Causes = slices.DeleteFunc(s.Causes, unexplained)
	s.Verdict = selfreport.NotJudged(obj, why)
}

// explainOwnState follows an object without a cause as one that has failed, and then
// uses what it reports about itself.
func explainOwnState(w *engine.Walk, s *Subject, obj *unstructured.Unstructured) {
	if s.Verdict.Status == health.Progressing || s.Verdict.Status == health.Failing {
		s.addCauses(w.X, w.From(s.Ref, true))
	}
	if len(s.Causes) == 0 {
		takeOwnState(w, s, obj)
		return
	}
	for i := range s.Causes {
		if s.Verdict.Status == health.Progressing {
			downgrade(w, &s.Causes[i])
		}
	}
}

// addObstacle adds to the cause about a deleted object what prevents its deletion
// according to the object itself, unless the cause has it.
func addObstacle(s *Subject, obj *unstructured.Unstructured) {
	why, proof, ok := selfreport.Obstacle(obj)
	if !ok || len(s.Causes) != 1 || !s.Causes[0].Ref.Same(s.Ref) || strings.Contains(s.Causes[0].Message, why) {
		return
	}
	c := &s.Causes[0]
	if slices.ContainsFunc(c.Evidence, func(e finding.Evidence) bool { return e.Ref.Same(proof.Ref) && e.Field == proof.Field }) {
		return
	}
	c.Message += "; " + why
	c.Evidence = append(slices.Clone(c.Evidence), proof)
}

// markFailing changes a subject that its explainer judged ready to failing, together with the
// ends of the paths that lead to it.
func (s *Subject) markFailing() {
	s.Verdict.Status = health.Failing
	for i := range s.Causes {
		path := slices.Clone(s.Causes[i].Path)
		for j := range path {
			if path[j].Ref.Same(s.Ref) {
				path[j].Status = health.Failing
			}
		}
		s.Causes[i].Path = path
	}
}

// downgrade changes a cause in progress to a warning, and its path to one that has not
// failed.
func downgrade(w *engine.Walk, c *Cause) {
	if c.Severity == finding.Critical {
		c.Severity = finding.Warning
	}
	c.Path = slices.Clone(c.Path)
	for i, step := range c.Path {
		v := w.X.Examine(step.Ref, false).Verdict
		c.Path[i].Status, c.Path[i].Note = v.Status, string(v.Reason)
	}
}

// takeOwnState uses what the object reports about itself.
func takeOwnState(w *engine.Walk, s *Subject, obj *unstructured.Unstructured) {
	own, ok := selfreport.AlsoReported(w.X, s.Verdict, obj)
	if !ok {
		return
	}
	if own.Verdict.Status.Worse(s.Verdict.Status) {
		s.Verdict = own.Verdict
	}
	if s.Verdict.Message == "" {
		s.Verdict.Message = own.Verdict.Message
	}
	step := engine.Step{Ref: s.Ref, Status: s.Verdict.Status, Note: string(s.Verdict.Reason)}
	var out engine.Outcome
	for _, f := range own.Findings {
		if s.Verdict.Status == health.Failing && own.Verdict.Status == health.Progressing {
			f.Severity = finding.Critical // its explainer determines how long it may take
		}
		out.Causes = append(out.Causes, engine.FoundCause{Finding: f, Path: []engine.Step{step}})
	}
	out.Unknown = engine.Union(engine.Union(nil, s.Unknown), own.Unknown)
	s.addCauses(w.X, out)
}
