package tenant

import (
	"slices"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// addLayers adds the sources, and the Kustomizations in their order.
func (c *chain) addLayers(s *Status) {
	for _, ref := range c.sources() {
		c.add(Sources, ref, "")
	}
	own := false // one was found; without any, the last shared layer has the revision
	for _, l := range c.tenant.Layers {
		section := OwnLayers
		if l.Shared {
			section = SharedLayers
		}
		if c.add(section, l.Ref, "").Status == health.Ready {
			s.LayersReady++
		}
		if obj := c.snap.Lookup(l.Ref).Object; obj != nil && (!l.Shared || !own) {
			s.Revision = object.Text(obj.Object, "status", "lastAppliedRevision")
			own = own || !l.Shared
		}
	}
	s.Layers = len(c.tenant.Layers)
	if !c.readable(OwnLayers, object.KustomizationKind, "", c.moreLayers) {
		s.Layers = -1
	}
}

// sources are the sources of the layers, each once.
func (c *chain) sources() []object.Ref {
	var sources []object.Ref
	for _, l := range c.tenant.Layers {
		obj := c.snap.Lookup(l.Ref).Object
		if obj == nil {
			continue
		}
		if ref := health.SourceOf(obj); ref.Kind != "" && !slices.ContainsFunc(sources, ref.Same) {
			sources = append(sources, ref)
		}
	}
	return sources
}

// missingObjects adds the objects of the tenant that a Ready layer has applied and that
// no longer exist: Flux only checks once per interval, and a tenant without its Orthanc
// must not look ready until then. For a layer that is not Ready, a missing object may
// not have been applied yet.
func (c *chain) missingObjects() {
	for _, l := range c.tenant.Layers {
		layer := c.layer(l.Ref)
		if layer == nil || c.assessor.Of(l.Ref).Status != health.Ready {
			continue
		}
		for _, namespace := range c.tenant.Namespaces {
			for _, ref := range layer.runs[namespace] {
				c.addMissing(ref)
			}
		}
	}
}

func (c *chain) addMissing(ref object.Ref) {
	known := func(l Link) bool { return l.Ref.Same(ref) }
	if c.snap.Lookup(ref).Presence != snapshot.Absent || slices.ContainsFunc(c.links, known) {
		return
	}
	section := Workloads
	if ref.GroupKind() == object.HelmReleaseKind {
		section = Releases
	}
	c.add(section, ref, "")
}
