package operate

import (
	"cmp"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// Options are the caller's choices.
type Options struct {
	// Sources reconciles the layers' sources first.
	Sources bool
	// Resumed assumes that the tenants' own objects are no longer suspended when the plan
	// is carried out.
	Resumed bool
}

// Plan has the steps in order.
type Plan struct {
	Steps []Step
	// Notes are sentences about objects that are unexpectedly triggered or skipped.
	Notes []string
	// Unknown lists what could not be read and may be missing from the plan.
	Unknown []string

	// names are those of the layers and releases that exist, for hints.
	names map[schema.GroupKind][]string
}

type planner struct {
	Options
	snap  *snapshot.Snapshot
	plan  Plan
	ranks map[object.Key]int
	// after are the sources of each release and chart in the plan.
	after     map[object.Key][]object.Ref
	suspended SuspendedError
}

// Reconcile plans to have Flux reconcile the tenants: the sources of their layers, shared
// layers that are not Ready or may not have the newest revision, all of the tenants' own
// layers, and their releases that are not Ready, with the sources of their charts. statuses are
// of the same snapshot. The error is a *SuspendedError.
func Reconcile(snap *snapshot.Snapshot, statuses []tenant.Status, o Options) (Plan, error) {
	p := &planner{Options: o, snap: snap, ranks: map[object.Key]int{}, after: map[object.Key][]object.Ref{}}
	for _, s := range statuses {
		for _, link := range s.Chain {
			p.consider(s.Name, link)
		}
	}
	if len(p.suspended.Own)+len(p.suspended.Sources) > 0 {
		return Plan{}, &p.suspended
	}
	if o.Sources {
		p.addCharts()
	}
	slices.SortStableFunc(p.plan.Steps, func(a, b Step) int {
		return cmp.Compare(p.ranks[a.Ref.Key()], p.ranks[b.Ref.Key()])
	})
	for i := range p.plan.Steps {
		p.join(&p.plan.Steps[i])
	}
	p.joinCharts()
	p.findMissing()
	return p.plan, nil
}

// rank orders the steps; within a rank the order is the chain's. The repositories and charts of
// releases are in between.
var rank = map[tenant.Section]int{tenant.Sources: 0, tenant.SharedLayers: 1, tenant.OwnLayers: 1, tenant.Releases: 4}

// wanted reports whether the link must be triggered, if that is possible.
func (p *planner) wanted(link tenant.Link) bool {
	switch link.Section {
	case tenant.Sources:
		return p.Sources
	case tenant.OwnLayers:
		return true
	case tenant.SharedLayers:
		return link.Status != health.Ready || p.Sources // a source may fetch a newer revision
	case tenant.Releases:
		return link.Status != health.Ready
	}
	return false
}

// consider adds a step for a link of the tenant's chain, or a note why not.
func (p *planner) consider(name string, link tenant.Link) {
	if !p.wanted(link) {
		return
	}
	answer := p.snap.Lookup(link.Ref)
	switch {
	case link.Ref.Name == "" || answer.Presence == snapshot.Unknown:
		p.plan.Unknown = appendNew(p.plan.Unknown, link.Message)
	case answer.Presence == snapshot.Absent:
		p.note("%s", notThere(link.Ref))
	case link.Ref.GroupKind() == object.ExternalArtifactKind:
		p.note("%s is not fetched by Flux and can't be triggered", link.Ref)
	case isSuspended(answer.Object) && !p.passes(name, link):
	default:
		p.add(name, link, answer.Object)
	}
}

func notThere(ref object.Ref) string { return ref.String() + " does not exist and can't be triggered" }

// passes reports whether an object is not suspended or may still be triggered, and notes
// the consequence otherwise.
func (p *planner) passes(name string, link tenant.Link) bool {
	switch link.Section {
	case tenant.Sources:
		p.suspended.Sources = appendNew(p.suspended.Sources, link.Ref)
	case tenant.SharedLayers:
		p.note("%s is shared and suspended, and is skipped; objects that depend on it may have to wait", link.Ref)
	default:
		if p.Resumed {
			return true
		}
		p.suspended.Own = appendNew(p.suspended.Own, link.Ref)
		p.suspended.Tenants = appendNew(p.suspended.Tenants, name)
	}
	return false
}

// add adds a step, or adds the tenant to an existing one.
func (p *planner) add(name string, link tenant.Link, obj *unstructured.Unstructured) {
	if i := p.index(link.Ref); i >= 0 {
		step := &p.plan.Steps[i]
		step.Tenants = appendNew(step.Tenants, name)
		step.IfMoved = step.IfMoved && link.Section == tenant.SharedLayers
		return
	}
	step := Step{Ref: object.RefOf(obj), Tenants: []string{name}, uid: obj.GetUID(), requested: obj.GetAnnotations()[RequestAnnotation]}
	switch link.Section {
	case tenant.SharedLayers:
		step.IfMoved = link.Status == health.Ready
		if !step.IfMoved {
			p.note("%s is shared with other tenants, and is also triggered because it is %s", link.Ref, link.Status)
		}
		fallthrough
	case tenant.OwnLayers:
		step.source = health.SourceOf(obj)
		step.attempted = object.Text(obj.Object, "status", "lastAttemptedRevision")
	case tenant.Releases:
		step.Reset = object.ConditionOf(obj, "Stalled").Is("True")
	}
	p.ranks[step.Ref.Key()] = rank[link.Section]
	p.plan.Steps = append(p.plan.Steps, step)
}

func (p *planner) note(format string, args ...any) {
	p.plan.Notes = appendNew(p.plan.Notes, fmt.Sprintf(format, args...))
}
