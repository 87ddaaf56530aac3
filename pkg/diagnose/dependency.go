package diagnose

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// dependencies blames the dependencies of a layer or release that are not ready, and
// reports those that do not exist. It reports whether nothing else is to be examined:
// Flux checks dependencies first, so a layer that failed later had passed them, and
// only dependencies that have failed since can be related.
func (x *examiner) dependencies(obj *unstructured.Unstructured, e *exam) (waits bool) {
	tried := e.verdict.Status == health.Failing && e.verdict.Reason != "DependencyNotFound"
	for _, ref := range health.Dependencies(obj) {
		switch answer := x.snap.Lookup(ref); {
		case answer.Presence == snapshot.Absent:
			e.findings = append(e.findings, x.missingDependency(obj, ref, e.verdict))
		case answer.Presence == snapshot.Unknown:
			if !tried {
				e.unknown = append(e.unknown, *answer.Why)
			}
		case x.health.Of(ref).Status == health.Ready, tried && x.health.Of(ref).Status != health.Failing:
		default:
			e.blame = append(e.blame, ref)
		}
	}
	return !tried && len(e.findings)+len(e.blame)+len(e.unknown) > 0
}

func (x *examiner) missingDependency(obj *unstructured.Unstructured, ref finding.Ref, v health.Verdict) finding.Finding {
	f := finding.Finding{
		Code: codeDependencyMissing, Ref: v.Ref, Reason: "DependencyNotFound", Severity: finding.Critical, Since: v.Since,
		Message: fmt.Sprintf("%s depends on %s, which does not exist", v.Ref, ref),
		Evidence: []finding.Evidence{
			evidence(obj, "spec.dependsOn["+ref.Name+"].name", ref.Name, time.Time{}),
			{Ref: ref, Field: "object", Value: "does not exist"},
		},
	}
	if ready := field.ConditionOf(obj, "Ready"); ready.Message != "" {
		f.Evidence = append(f.Evidence, quote(obj, ready))
	}
	fix := finding.Fix{Text: fmt.Sprintf("Name an existing %s in spec.dependsOn, or add the missing one", ref.Kind), File: x.definedIn(obj)}
	if other, ok := x.inOtherNamespace(ref); ok {
		f.Message += "; there is one in namespace " + other.Namespace
		fix.Text = fmt.Sprintf("In spec.dependsOn, write namespace: %s for %s", other.Namespace, ref.Name)
	} else if near, ok := x.nearest(ref); ok && !near.Same(v.Ref) {
		f.Message += fmt.Sprintf("; did you mean %s?", near.Name)
		fix.Text = fmt.Sprintf("In spec.dependsOn, write %s instead of %s", near.Name, ref.Name)
	}
	f.Fixes = []finding.Fix{fix}
	return f
}

// cycle reports a cycle of dependencies at its first member, with the same message for
// each member that is examined.
func (x *examiner) cycle(v health.Verdict) finding.Finding {
	members := x.cycleOf(v.Ref)
	what := map[bool]string{true: "layers", false: "releases"}[v.Ref.GroupKind() == health.KustomizationKind]
	f := finding.Finding{Code: codeDependencyCycle, Ref: members[0], Reason: "DependencyCycle", Severity: finding.Critical}
	var said []string
	for i, member := range members {
		said = append(said, member.Name)
		if obj := x.snap.Lookup(member).Object; obj != nil {
			next := members[(i+1)%len(members)].Name
			f.Evidence = append(f.Evidence, evidence(obj, "spec.dependsOn["+next+"].name", next, time.Time{}))
		}
		if since := x.health.Of(member).Since; f.Since.IsZero() || since.Before(f.Since) && !since.IsZero() {
			f.Since = since
		}
	}
	f.Message = fmt.Sprintf("these %s depend on each other in a cycle, so none can start: %s", what, strings.Join(append(said, members[0].Name), " → "))
	fix := finding.Fix{Text: fmt.Sprintf("Remove one of these dependencies, for example %s from spec.dependsOn of %s", members[1%len(members)].Name, members[0].Name)}
	if obj := x.snap.Lookup(members[0]).Object; obj != nil {
		fix.File = x.definedIn(obj)
	}
	f.Fixes = []finding.Fix{fix}
	return f
}
