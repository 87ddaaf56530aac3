// Package tenant finds the tenants of a cluster and their objects. It has no list of
// names: a tenant is where an Orthanc runs or will run. What belongs to a tenant is
// determined from the objects that Flux applied, its health checks, and the objects in
// the namespaces of the tenant. Names prove nothing: users rename objects in their copy of
// Korthweb's repository.
package tenant

import (
	"cmp"
	"maps"
	"slices"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// Tenant is the Orthanc of one customer, with everything that it depends on.
type Tenant struct {
	Name string
	// Namespaces contain the objects of the tenant, sorted. There is at least one,
	// which may not exist yet.
	Namespaces []string
	// Layers are the Kustomizations that have to be ready for the tenant, in
	// the order in which Flux applies them.
	Layers []Layer
}

// Layer is a Kustomization as seen from a tenant.
type Layer struct {
	Ref object.Ref
	// Shared layers also serve other tenants, or the cluster.
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
	graph.addExpected(byName, owners)
	graph.assign(byName, owners)
	tenants := make([]Tenant, 0, len(byName))
	for _, t := range byName {
		tenants = append(tenants, *t)
	}
	slices.SortFunc(tenants, func(a, b Tenant) int { return cmp.Compare(a.Name, b.Name) })
	return tenants
}

// Find returns the tenant of that name, or of a namespace of that name.
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
