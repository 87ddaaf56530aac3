package diagnose

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// Tenants explains the states of the chosen tenants. all are the tenants of the
// cluster.
func Tenants(snap *snapshot.Snapshot, all, chosen []tenant.Tenant) Explanation {
	x := newContext(snap, all)
	w := engine.NewWalk(x)
	e := Explanation{At: x.Now}
	statuses := tenant.Assess(x.Known, chosen)
	for i, t := range chosen {
		e.Subjects = append(e.Subjects, explainTenant(w, t, statuses[i]))
	}
	e.rankCauses(x)
	return e
}

// Object explains the state of one object of any kind.
func Object(snap *snapshot.Snapshot, all []tenant.Tenant, ref object.Ref) Explanation {
	x := newContext(snap, all)
	e := Explanation{At: x.Now, Subjects: []Subject{explainObject(engine.NewWalk(x), ref)}}
	e.rankCauses(x)
	return e
}

// Flux explains every Kustomization and HelmRelease that is not ready, for a cluster
// that has no tenants.
func Flux(snap *snapshot.Snapshot) Explanation {
	x := newContext(snap, nil)
	w := engine.NewWalk(x)
	e := Explanation{At: x.Now}
	for _, ref := range Unready(x.Known) {
		e.Subjects = append(e.Subjects, explainObject(w, ref))
	}
	e.rankCauses(x)
	return e
}

// Unready lists the Kustomizations and HelmReleases that are not ready.
func Unready(snap *snapshot.Snapshot) []object.Ref {
	assessor := health.New(snap)
	var refs []object.Ref
	for _, kind := range []schema.GroupKind{object.KustomizationKind, object.HelmReleaseKind} {
		for _, obj := range snap.List(kind, "").Objects {
			if ref := object.RefOf(obj); assessor.Of(ref).Status != health.Ready {
				refs = append(refs, ref)
			}
		}
	}
	return refs
}

// explainObject explains one object.
func explainObject(w *engine.Walk, ref object.Ref) Subject {
	verdict := w.X.Examine(ref, false).Verdict
	s := Subject{Ref: ref, Object: true, Tenant: w.X.TenantOf(ref.Namespace), Verdict: verdict, Deadline: deadline(w.X, ref, verdict)}
	out := w.From(ref, false)
	for _, c := range collisions(w.X, s.Tenant, out.Causes) {
		if slices.ContainsFunc(c.Path, func(step engine.Step) bool { return step.Ref.Same(ref) }) {
			out.Causes = engine.Distinct(append(out.Causes, c))
		}
	}
	s.addCauses(w.X, out)
	explainDirectly(w, &s)
	if s.Verdict.Status == health.Ready && s.critical() {
		s.markFailing()
	}
	return s
}

// explainTenant explains a tenant: first its layers, in their order, then the objects that no
// health check covers.
func explainTenant(w *engine.Walk, t tenant.Tenant, status tenant.Status) Subject {
	s := Subject{Ref: status.Verdict.Ref, Tenant: t.Name, Verdict: status.Verdict}
	s.Deadline = deadline(w.X, s.Ref, s.Verdict)
	var out engine.Outcome
	collect := func(ref object.Ref, unwatched bool) {
		below := w.From(ref, false)
		out.Unknown = append(out.Unknown, below.Unknown...)
		for _, c := range below.Causes {
			if unwatched {
				c.Unwatched = whyUnwatched(w.X, t, ref)
			}
			out.Causes = append(out.Causes, c)
		}
	}
	for _, layer := range t.Layers {
		collect(layer.Ref, false)
	}
	watched := len(out.Causes) > 0
	for _, link := range status.Chain {
		if link.Status == health.Failing && link.Ref.Name != "" && link.Section != tenant.OwnLayers && link.Section != tenant.SharedLayers {
			collect(link.Ref, !watched && link.Section != tenant.Sources)
			if gone, ok := flux.DeletedObject(w.X, t, link.Ref); ok {
				out.Causes = append(out.Causes, gone)
			}
		}
	}
	for _, ref := range coverage(w.X, t) {
		collect(ref, true)
	}
	out.Causes = append(out.Causes, deletedObjects(w.X, t)...)
	out.Causes = engine.Distinct(append(out.Causes, collisions(w.X, t.Name, out.Causes)...))
	s.addCauses(w.X, out)
	if s.Verdict.Status == health.Ready && len(s.Causes) == 0 && len(s.Unknown) > 0 {
		why := s.Unknown[0] // it may well hold a cause: no health check looks there
		s.Verdict = health.Verdict{Status: health.Unknown, Reason: health.Reason(why.Reason), Message: why.String()}
	}
	s.Unknown = engine.Union(s.Unknown, status.Unknown)
	if s.Verdict.Status == health.Ready && s.critical() { // what status does not examine
		s.Verdict = health.Verdict{Ref: s.Causes[0].Ref, Status: health.Failing, Reason: health.Reason(s.Causes[0].Reason),
			Message: s.Causes[0].Message, Since: s.Causes[0].Since}
		s.Ref = s.Causes[0].Ref
	}
	return s
}

// critical reports whether one of the causes is critical.
func (s Subject) critical() bool {
	return slices.ContainsFunc(s.Causes, func(c Cause) bool { return c.Severity == finding.Critical })
}

// whyUnwatched is why Flux reports the layers of a tenant as ready although one of their
// objects is not: no health check covers the object, or the check ran before, or the
// status of the object has nothing to check.
func whyUnwatched(x *engine.Context, t tenant.Tenant, ref object.Ref) string {
	for _, layer := range t.Layers {
		obj := x.Snap.Lookup(layer.Ref).Object
		if obj == nil {
			continue
		}
		for _, check := range object.List(obj.Object, "spec", "healthChecks") {
			if object.Text(check, "kind") == ref.Kind && object.Text(check, "name") == ref.Name && object.Text(check, "namespace") == ref.Namespace {
				if x.Health.Assessor.Of(ref).Status == health.Failing {
					return fmt.Sprintf("the health check of %s passed when it last ran, and runs again when the layer is reconciled", layer.Ref)
				}
				return fmt.Sprintf("the health check of %s finds no problem in the status of %s", layer.Ref, ref)
			}
		}
	}
	return fmt.Sprintf("no health check covers %s", ref)
}

// addCauses converts the outcome of a walk to the causes of the subject.
func (s *Subject) addCauses(x *engine.Context, out engine.Outcome) {
	for _, c := range out.Causes {
		cause := Cause{Finding: c.Finding, Path: pathToObject(x, c), Unwatched: c.Unwatched}
		cause.Evidence = x.Verified(c.Evidence)
		for _, step := range c.Path {
			if step.Ref.GroupKind() == object.KustomizationKind {
				cause.Layers = engine.AddRef(cause.Layers, step.Ref)
				cause.NextRetry = nextTry(x, step.Ref) // of the innermost: those above wait for it
			}
		}
		s.Causes = append(s.Causes, cause)
	}
	s.Unknown = engine.Union(nil, out.Unknown)
}

// pathToObject is the path to the object of the cause, also if another object has
// reported it.
func pathToObject(x *engine.Context, c engine.FoundCause) []engine.Step {
	if slices.ContainsFunc(c.Path, func(step engine.Step) bool { return step.Ref.Same(c.Ref) }) {
		return c.Path
	}
	step := engine.Step{Ref: c.Ref, Status: x.Health.Assessor.Of(c.Ref).Status, Note: c.Reason}
	if c.Severity == finding.Critical && (step.Status == health.Ready || step.Status == health.Unknown) {
		step.Status = health.Failing // for a reason that its status does not show
	}
	return append(slices.Clone(c.Path), step)
}
