package diagnose

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// found is a cause as a walk came upon it.
type found struct {
	finding.Finding
	path []Step
}

// outcome is what a walk from one object down came to.
type outcome struct {
	causes  []found
	unknown []snapshot.Failure
}

// walk follows blame. It goes into each object once in each of the two moods
// (failing or not), so it ends, and its cost is linear in the objects.
type walk struct {
	x        *examiner
	underway map[finding.Key]bool
	done     map[examKey]outcome
}

func newWalk(x *examiner) *walk {
	return &walk{x: x, underway: map[finding.Key]bool{}, done: map[examKey]outcome{}}
}

// from gives the causes below the object, each with its path from there.
func (w *walk) from(ref finding.Ref, failing bool) outcome {
	key := examKey{ref.Key(), failing}
	if known, ok := w.done[key]; ok {
		return known
	}
	if w.underway[ref.Key()] {
		return outcome{} // a circle: whoever closed it looks elsewhere
	}
	w.underway[ref.Key()] = true
	defer delete(w.underway, ref.Key())
	exam := w.x.examine(ref, failing)
	step := Step{Ref: exam.verdict.Ref, Status: exam.verdict.Status, Note: exam.verdict.Reason}
	out := outcome{unknown: exam.unknown}
	// A controller that is silent has failed, though what it looks after has not.
	failing = failing || exam.verdict.Status == health.Failing || exam.verdict.Reason == "Stale"
	for _, blamed := range exam.blame {
		below := w.from(blamed, failing)
		out.unknown = append(out.unknown, below.unknown...)
		for _, c := range below.causes {
			out.causes = append(out.causes, found{c.Finding, append([]Step{step}, c.path...)})
		}
	}
	own := exam.findings
	if len(out.causes) == 0 && len(own) == 0 && len(out.unknown) == 0 {
		own = exam.fallback
	}
	if len(out.causes) == 0 {
		for _, f := range own {
			out.causes = append(out.causes, found{f, []Step{step}})
		}
	}
	out.causes = distinct(out.causes)
	w.done[key] = out
	return out
}

// distinct keeps the first of the causes that are the same finding. What one
// object says in several sentences (two dependencies that are missing) is
// several.
func distinct(causes []found) []found {
	type identity struct {
		finding.Key
		code   finding.Code
		reason string
	}
	type origin struct {
		from    finding.Key
		message string
	}
	seen := map[identity][]origin{}
	return slices.DeleteFunc(causes, func(c found) bool {
		id := identity{c.Ref.Key(), c.Code, c.Reason}
		here := origin{c.path[len(c.path)-1].Ref.Key(), c.Message}
		again := len(seen[id]) > 0 && (seen[id][0].from != here.from || slices.Contains(seen[id], here))
		if !again {
			seen[id] = append(seen[id], here)
		}
		return again
	})
}

// examine asks the explainer of the object's kind, once.
func (x *examiner) examine(ref finding.Ref, failing bool) exam {
	key := examKey{ref.Key(), failing}
	if known, ok := x.exams[key]; ok {
		return known
	}
	x.exams[key] = exam{verdict: x.health.Of(ref)} // for an explainer that comes back here in a circle
	result := x.examineAnew(ref, failing)
	x.exams[key] = result
	return result
}

func (x *examiner) examineAnew(ref finding.Ref, failing bool) exam {
	answer := x.snap.Lookup(ref)
	switch answer.Presence {
	case snapshot.Unknown:
		verdict := x.health.Of(ref)
		if answer.Why.Why == snapshot.NotServed {
			return exam{verdict: verdict}
		}
		return exam{verdict: verdict, unknown: []snapshot.Failure{*answer.Why}}
	case snapshot.Absent:
		return exam{verdict: x.health.Of(ref)} // whoever blames it says that it is missing
	}
	explain := explainers[ref.GroupKind()]
	if explain == nil {
		explain = explainOther
	}
	return explain(x, answer.Object, failing)
}

// explainOther goes by the conditions alone, for kinds that have no explainer.
func explainOther(x *examiner, obj *unstructured.Unstructured, failing bool) exam {
	verdict := health.Verdict{Ref: finding.RefOf(obj), Status: health.Ready}
	for _, kind := range []string{"Stalled", "Ready", "Available"} {
		c := conditionOf(obj, kind)
		bad := kind == "Stalled" && c.status == "True" || kind != "Stalled" && c.status == "False"
		if !bad {
			continue
		}
		verdict.Status, verdict.Reason, verdict.Message, verdict.Since = health.Failing, c.reason, firstLine(c.message), c.since
		return exam{verdict: verdict, findings: []finding.Finding{{
			Code: codeOtherNotReady, Ref: verdict.Ref, Reason: c.reason, Severity: finding.Critical, Since: c.since,
			Message:  verdict.Ref.String() + " is not ready: " + firstLine(c.message),
			Evidence: []finding.Evidence{evidence(obj, c.field(), c.status+" "+c.reason+": "+c.message, c.since)},
		}}}
	}
	return exam{verdict: verdict}
}
