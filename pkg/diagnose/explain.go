package diagnose

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// Tenants explains the states of the chosen tenants. all are the tenants of the
// cluster.
func Tenants(snap *snapshot.Snapshot, all, chosen []tenant.Tenant) Explanation {
	x := newExaminer(snap, all)
	w := newWalk(x)
	e := Explanation{At: x.now}
	statuses := tenant.Assess(x.known, chosen)
	for i, t := range chosen {
		e.Subjects = append(e.Subjects, w.tenant(t, statuses[i]))
	}
	e.rankCauses(x)
	return e
}

// Object explains the state of one object of any kind.
func Object(snap *snapshot.Snapshot, all []tenant.Tenant, ref finding.Ref) Explanation {
	x := newExaminer(snap, all)
	e := Explanation{At: x.now, Subjects: []Subject{newWalk(x).object(ref)}}
	e.rankCauses(x)
	return e
}

// Flux explains every Kustomization and HelmRelease that is not ready, for a cluster
// that has no tenants.
func Flux(snap *snapshot.Snapshot) Explanation {
	x := newExaminer(snap, nil)
	w := newWalk(x)
	e := Explanation{At: x.now}
	for _, ref := range Unready(x.known) {
		e.Subjects = append(e.Subjects, w.object(ref))
	}
	e.rankCauses(x)
	return e
}

// Unready lists the Kustomizations and HelmReleases that are not ready.
func Unready(snap *snapshot.Snapshot) []finding.Ref {
	assessor := health.New(snap)
	var refs []finding.Ref
	for _, kind := range []schema.GroupKind{health.KustomizationKind, health.HelmReleaseKind} {
		for _, obj := range snap.List(kind, "").Objects {
			if ref := finding.RefOf(obj); assessor.Of(ref).Status != health.Ready {
				refs = append(refs, ref)
			}
		}
	}
	return refs
}

// object explains one object.
func (w *walk) object(ref finding.Ref) Subject {
	verdict := w.x.examine(ref, false).verdict
	s := Subject{Ref: ref, Object: true, Tenant: w.x.tenantOf(ref.Namespace), Verdict: verdict, Deadline: w.x.deadline(ref, verdict)}
	out := w.from(ref, false)
	for _, c := range w.x.collisions(s.Tenant, out.causes) {
		if slices.ContainsFunc(c.path, func(step Step) bool { return step.Ref.Same(ref) }) {
			out.causes = distinct(append(out.causes, c))
		}
	}
	s.addCauses(w.x, out)
	w.explainDirectly(&s)
	if s.Verdict.Status == health.Ready && s.critical() {
		s.markFailing()
	}
	return s
}

// tenant explains a tenant: first its layers, in their order, then the objects that no
// health check covers.
func (w *walk) tenant(t tenant.Tenant, status tenant.Status) Subject {
	s := Subject{Ref: status.Verdict.Ref, Tenant: t.Name, Verdict: status.Verdict}
	s.Deadline = w.x.deadline(s.Ref, s.Verdict)
	var out outcome
	collect := func(ref finding.Ref, unwatched bool) {
		below := w.from(ref, false)
		out.unknown = append(out.unknown, below.unknown...)
		for _, c := range below.causes {
			if unwatched {
				c.unwatched = w.x.unwatched(t, ref)
			}
			out.causes = append(out.causes, c)
		}
	}
	for _, layer := range t.Layers {
		collect(layer.Ref, false)
	}
	watched := len(out.causes) > 0
	for _, link := range status.Chain {
		if link.Status == health.Failing && link.Ref.Name != "" && link.Section != tenant.OwnLayers && link.Section != tenant.SharedLayers {
			collect(link.Ref, !watched && link.Section != tenant.Sources)
			if gone, ok := w.x.deletedObject(t, link.Ref); ok {
				out.causes = append(out.causes, gone)
			}
		}
	}
	for _, ref := range w.x.coverage(t) {
		collect(ref, true)
	}
	out.causes = append(out.causes, w.x.deletedObjects(t)...)
	out.causes = distinct(append(out.causes, w.x.collisions(t.Name, out.causes)...))
	s.addCauses(w.x, out)
	if s.Verdict.Status == health.Ready && len(s.Causes) == 0 && len(s.Unknown) > 0 {
		why := s.Unknown[0] // it may well hold a cause: no health check looks there
		s.Verdict = health.Verdict{Status: health.Unknown, Reason: health.Reason(why.Why), Message: why.String()}
	}
	s.Unknown = union(s.Unknown, status.Unknown)
	if s.Verdict.Status == health.Ready && s.critical() { // what status does not look at
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

// unwatched is why Flux reports the layers of a tenant as ready although one of their
// objects is not: no health check covers the object, or the check ran before, or the
// status of the object has nothing to check.
func (x *examiner) unwatched(t tenant.Tenant, ref finding.Ref) string {
	for _, layer := range t.Layers {
		obj := x.snap.Lookup(layer.Ref).Object
		if obj == nil {
			continue
		}
		for _, check := range field.List(obj.Object, "spec", "healthChecks") {
			if field.Text(check, "kind") == ref.Kind && field.Text(check, "name") == ref.Name && field.Text(check, "namespace") == ref.Namespace {
				if x.health.Assessor.Of(ref).Status == health.Failing {
					return fmt.Sprintf("the health check of %s passed when it last ran, and runs again when the layer is reconciled", layer.Ref)
				}
				return fmt.Sprintf("the health check of %s finds no problem in the status of %s", layer.Ref, ref)
			}
		}
	}
	return fmt.Sprintf("no health check covers %s", ref)
}

// addCauses converts the outcome of a walk to the causes of the subject.
func (s *Subject) addCauses(x *examiner, out outcome) {
	for _, c := range out.causes {
		cause := Cause{Finding: c.Finding, Path: x.pathToObject(c), Unwatched: c.unwatched}
		cause.Evidence = x.verified(c.Evidence)
		for _, step := range c.path {
			if step.Ref.GroupKind() == health.KustomizationKind {
				cause.Layers = addRef(cause.Layers, step.Ref)
				cause.NextRetry = x.nextTry(step.Ref) // of the innermost: those above wait for it
			}
		}
		s.Causes = append(s.Causes, cause)
	}
	s.Unknown = union(nil, out.unknown)
}

// pathToObject is the path to the object of the cause, also if another object has
// reported it.
func (x *examiner) pathToObject(c foundCause) []Step {
	if slices.ContainsFunc(c.path, func(step Step) bool { return step.Ref.Same(c.Ref) }) {
		return c.path
	}
	step := Step{Ref: c.Ref, Status: x.health.Assessor.Of(c.Ref).Status, Note: c.Reason}
	if c.Severity == finding.Critical && (step.Status == health.Ready || step.Status == health.Unknown) {
		step.Status = health.Failing // by what its status does not tell
	}
	return append(slices.Clone(c.path), step)
}
