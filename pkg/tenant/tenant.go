// Package tenant finds the tenants of a cluster and what belongs to each. It
// has no list of names: a tenant is where an Orthanc is, or is going to be, and
// what is a tenant's is worked out from what Flux applied, what it checks, and
// what stands in the tenant's namespaces. A fork may have renamed anything.
package tenant

import (
	"cmp"
	"maps"
	"slices"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// Tenant is one customer's Orthanc and all that it stands on.
type Tenant struct {
	Name string
	// Namespaces hold the tenant's own objects, sorted. There is at least one,
	// though it may not exist yet.
	Namespaces []string
	// Layers are the Kustomizations that have to be ready for the tenant, in
	// the order in which Flux applies them.
	Layers []Layer
}

// Layer is a Kustomization as seen from a tenant.
type Layer struct {
	Ref finding.Ref
	// Shared layers serve other tenants, or the cluster, as well.
	Shared bool
}

// Discover finds the tenants, ordered by name.
func Discover(snap *snapshot.Snapshot) []Tenant {
	graph := readLayers(snap)
	owners := nameAll(snap, graph, tenantNamespaces(snap, graph))
	byName := map[string]*Tenant{}
	for _, namespace := range slices.Sorted(maps.Keys(owners)) {
		name := owners[namespace]
		if byName[name] == nil {
			byName[name] = &Tenant{Name: name}
		}
		byName[name].Namespaces = append(byName[name].Namespaces, namespace)
	}
	graph.promise(byName, owners)
	graph.assign(byName, owners)
	tenants := make([]Tenant, 0, len(byName))
	for _, t := range byName {
		tenants = append(tenants, *t)
	}
	slices.SortFunc(tenants, func(a, b Tenant) int { return cmp.Compare(a.Name, b.Name) })
	return tenants
}

// Find gives the tenant of that name, or of a namespace of that name, since
// that is what people have at hand.
func Find(tenants []Tenant, name string) (Tenant, bool) {
	for _, t := range tenants {
		if t.Name == name {
			return t, true
		}
	}
	for _, t := range tenants {
		if slices.Contains(t.Namespaces, name) {
			return t, true
		}
	}
	return Tenant{}, false
}
