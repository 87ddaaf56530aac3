package scaffold

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/scaffold/compare"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// installed are the kinds that Helm releases install in the namespaces of a tenant, and that are
// compared although no layer applies them.
var installed = []schema.GroupKind{object.DeploymentKind, object.StatefulSetKind, object.ServiceKind}

// LiveKinds are the kinds of the objects that the tenants' own layers have applied. The objects
// are in the tenants' namespaces.
func LiveKinds(snap *snapshot.Snapshot, tenants ...tenant.Tenant) []schema.GroupKind {
	kinds := slices.Clone(installed)
	for _, t := range tenants {
		for _, l := range t.Layers {
			layer := snap.Lookup(l.Ref).Object
			if l.Shared || layer == nil {
				continue
			}
			for _, ref := range health.Inventory(layer) {
				if !slices.Contains(kinds, ref.GroupKind()) {
					kinds = append(kinds, ref.GroupKind())
				}
			}
		}
	}
	return kinds
}

// LiveSide is a tenant of a cluster for a comparison: the objects that its own layers have
// applied, and the workloads and Services in its namespaces. The values of Secrets are not in a
// snapshot, so only their keys are compared.
func LiveSide(snap *snapshot.Snapshot, t tenant.Tenant) compare.Side {
	s := compare.Side{Name: t.Name, Namespaces: t.Namespaces}
	seen := map[object.Key]bool{}
	var names []string
	add := func(l *compare.Layer, o *unstructured.Unstructured) {
		if ref := object.RefOf(o); !seen[ref.Key()] {
			seen[ref.Key()] = true
			l.Objects = append(l.Objects, compare.Object{Unstructured: o})
			names = append(names, hosts(o)...)
		}
	}
	for _, l := range t.Layers {
		if l.Shared {
			continue
		}
		layer := compare.Layer{Name: l.Ref.Name}
		for _, ref := range append([]object.Ref{l.Ref}, inventoryOf(snap, l.Ref)...) {
			switch found := snap.Lookup(ref); found.Presence {
			case snapshot.Present:
				add(&layer, found.Object)
			case snapshot.Unknown:
				s.Unknown = append(s.Unknown, fmt.Sprintf("%s could not be read: %s", ref, found.Failure))
			}
		}
		s.Layers = append(s.Layers, layer)
	}
	var rest compare.Layer
	for _, namespace := range t.Namespaces {
		for _, kind := range installed {
			list := snap.List(kind, namespace)
			for _, o := range list.Objects {
				add(&rest, o)
			}
			for _, why := range list.Unknown {
				s.Unknown = append(s.Unknown, why.String())
			}
		}
	}
	s.Layers = append(s.Layers, rest)
	s.Domain = domainOf(names)
	s.Addresses = liveAddresses(s)
	return s
}

func inventoryOf(snap *snapshot.Snapshot, layer object.Ref) []object.Ref {
	if o := snap.Lookup(layer).Object; o != nil {
		return health.Inventory(o)
	}
	return nil
}

// liveAddresses are the addresses of load balancers that the objects of a tenant specify.
func liveAddresses(s compare.Side) []string {
	var found []string
	for _, l := range s.Layers {
		for _, o := range l.Objects {
			found = append(found, addresses(o.Unstructured)...)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}
