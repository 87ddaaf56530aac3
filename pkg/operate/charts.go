package operate

import (
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// addCharts adds the sources of the releases in the plan, each before what needs it: the
// repository, the chart, the release. They are not necessary for success: a release may use the
// chart that was fetched before, or no longer need the one that can't be fetched.
func (p *planner) addCharts() {
	for _, step := range p.plan.Steps { // without those that are added
		if step.Ref.GroupKind() != object.HelmReleaseKind {
			continue
		}
		if ref := object.ChartOf(p.snap.Lookup(step.Ref).Object); ref.Name != "" {
			p.addSource(step.Tenants, ref, step.Ref)
		}
	}
}

// addSource adds a source that user needs, and the source of a HelmChart.
func (p *planner) addSource(tenants []string, ref, user object.Ref) {
	answer := p.snap.Lookup(ref)
	obj := answer.Object
	switch {
	case answer.Presence == snapshot.Unknown:
		p.note("%s is not triggered before %s: %s", ref, user, answer.Failure)
		return
	case obj == nil && ref.GroupKind() == object.HelmChartKind && user.Kind == object.HelmReleaseKind.Kind:
		return // helm-controller has not created it yet, or the release names the wrong one
	case obj == nil:
		p.note("%s does not exist, which %s requires", ref, user)
		return
	case ref.GroupKind() == object.ExternalArtifactKind:
		return // Flux does not fetch it
	case ref.GroupKind() == object.HelmRepositoryKind && object.Text(obj.Object, "spec", "type") == "oci":
		return // Flux fetches nothing from it but charts
	case isSuspended(obj):
		p.note("%s is suspended, and is skipped; %s uses what was fetched before", ref, user)
		return
	}
	p.after[user.Key()] = appendNew(p.after[user.Key()], object.RefOf(obj))
	if p.index(ref) < 0 {
		p.ranks[ref.Key()] = rank[tenant.Releases] - 2
		if ref.GroupKind() == object.HelmChartKind {
			p.ranks[ref.Key()]++
		}
		p.plan.Steps = append(p.plan.Steps, Step{Ref: object.RefOf(obj), Optional: true, uid: obj.GetUID(), requested: obj.GetAnnotations()[RequestAnnotation]})
	}
	step := &p.plan.Steps[p.index(ref)]
	for _, name := range tenants {
		step.Tenants = appendNew(step.Tenants, name)
	}
	if source := object.Map(obj.Object, "spec", "sourceRef"); ref.GroupKind() == object.HelmChartKind && len(source) > 0 {
		p.addSource(tenants, object.SourceRef(source, obj.GetNamespace()), ref)
	}
}

// joinCharts lets the charts that helm-controller creates for releases wait for the layers that
// apply the releases.
func (p *planner) joinCharts() {
	for _, release := range p.plan.Steps {
		for _, ref := range release.After {
			if chart := &p.plan.Steps[p.index(ref)]; ref.GroupKind() == object.HelmChartKind && release.Ref.GroupKind() == object.HelmReleaseKind && len(chart.Within) == 0 {
				chart.Within = release.Within
			}
		}
	}
}
