package flux

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// ExplainDependencies blames the dependencies of a layer or release that are not ready, and
// reports those that do not exist. It reports whether nothing else has to be examined: Flux
// checks dependencies first, so a layer that failed later had passed them, and only
// dependencies that have failed since can be related.
func ExplainDependencies(x *engine.Context, obj *unstructured.Unstructured, e *engine.Result) (waits bool) {
	tried := e.Verdict.Status == health.Failing && e.Verdict.Reason != "DependencyNotFound"
	for _, ref := range health.Dependencies(obj) {
		switch answer := x.Snap.Lookup(ref); {
		case answer.Presence == snapshot.Absent:
			e.Findings = append(e.Findings, missingDependency(x, obj, ref, e.Verdict))
		case answer.Presence == snapshot.Unknown:
			if !tried {
				e.Unknown = append(e.Unknown, *answer.Failure)
			}
		case x.Health.Of(ref).Status == health.Ready, tried && x.Health.Of(ref).Status != health.Failing:
		default:
			e.Blame = append(e.Blame, ref)
		}
	}
	return !tried && len(e.Findings)+len(e.Blame)+len(e.Unknown) > 0
}

func missingDependency(x *engine.Context, obj *unstructured.Unstructured, ref object.Ref, v health.Verdict) finding.Finding {
	f := finding.Finding{
		Code: engine.CodeDependencyMissing, Ref: v.Ref, Reason: "DependencyNotFound", Severity: finding.Critical, Since: v.Since,
		Message: fmt.Sprintf("%s depends on %s, which does not exist", v.Ref, ref),
		Evidence: []finding.Evidence{
			engine.Evidence(obj, "spec.dependsOn["+ref.Name+"].name", ref.Name, time.Time{}),
			{Ref: ref, Field: "object", Value: "does not exist"},
		},
	}
	if ready := object.ConditionOf(obj, "Ready"); ready.Message != "" {
		f.Evidence = append(f.Evidence, engine.Quote(obj, ready))
	}
	fix := finding.Fix{Text: fmt.Sprintf("Name an existing %s in spec.dependsOn, or add the missing one", ref.Kind), File: x.DefinedIn(obj)}
	if other, ok := x.InOtherNamespace(ref); ok {
		f.Message += "; there is one in namespace " + other.Namespace
		fix.Text = fmt.Sprintf("In spec.dependsOn, write namespace: %s for %s", other.Namespace, ref.Name)
	} else if near, ok := x.Nearest(ref); ok && !near.Same(v.Ref) {
		f.Message += fmt.Sprintf("; did you mean %s?", near.Name)
		fix.Text = fmt.Sprintf("In spec.dependsOn, write %s instead of %s", near.Name, ref.Name)
	}
	f.Fixes = []finding.Fix{fix}
	return f
}

// Cycle reports a cycle of dependencies at its first member, with the same message for
// each member that is examined.
func Cycle(x *engine.Context, v health.Verdict) finding.Finding {
	members := x.CycleOf(v.Ref)
	what := map[bool]string{true: "layers", false: "releases"}[v.Ref.GroupKind() == object.KustomizationKind]
	f := finding.Finding{Code: engine.CodeDependencyCycle, Ref: members[0], Reason: "DependencyCycle", Severity: finding.Critical}
	var names []string
	for i, member := range members {
		names = append(names, member.Name)
		if obj := x.Snap.Lookup(member).Object; obj != nil {
			next := members[(i+1)%len(members)].Name
			f.Evidence = append(f.Evidence, engine.Evidence(obj, "spec.dependsOn["+next+"].name", next, time.Time{}))
		}
		if since := x.Health.Of(member).Since; f.Since.IsZero() || since.Before(f.Since) && !since.IsZero() {
			f.Since = since
		}
	}
	f.Message = fmt.Sprintf("these %s depend on each other in a cycle, so none can start: %s", what, strings.Join(append(names, members[0].Name), " → "))
	fix := finding.Fix{Text: fmt.Sprintf("Remove one of these dependencies, for example %s from spec.dependsOn of %s", members[1%len(members)].Name, members[0].Name)}
	if obj := x.Snap.Lookup(members[0]).Object; obj != nil {
		fix.File = x.DefinedIn(obj)
	}
	f.Fixes = []finding.Fix{fix}
	return f
}
