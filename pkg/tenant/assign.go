package tenant

import (
	"path"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// assign gives each tenant its layers: those that affect its namespaces or have its
// name, and all their dependencies, in the order of application. owners maps each
// tenant namespace to its tenant.
func (g *layerGraph) assign(tenants map[string]*Tenant, owners map[string]string) {
	roots := map[string][]*layer{}
	mine := map[object.Key]string{}
	for _, l := range g.list { // in dependency order, which roots keeps
		names := l.tenants(tenants, owners)
		for _, name := range names {
			roots[name] = append(roots[name], l)
		}
		if len(names) == 1 {
			mine[l.ref.Key()] = names[0]
		}
	}
	g.removeShared(mine, owners)
	for name, t := range tenants {
		walk := walk{graph: g, seen: map[object.Key]bool{}}
		for _, l := range roots[name] {
			walk.visit(l.ref)
		}
		for _, ref := range walk.ordered {
			t.Layers = append(t.Layers, Layer{Ref: ref, Shared: mine[ref.Key()] != name})
		}
	}
}

// removeShared removes from the tenants the layers that only have their name if other
// tenants depend on them too: "flux-system" is not a layer of a tenant "flux".
func (g *layerGraph) removeShared(mine map[object.Key]string, owners map[string]string) {
	for _, l := range g.list {
		for _, need := range l.needs {
			below := g.byKey[need.Key()]
			if below != nil && !below.affectsAny(owners) && mine[l.ref.Key()] != mine[need.Key()] {
				delete(mine, need.Key())
			}
		}
	}
}

// tenants are those whose namespaces the layer affects, sorted. A layer that affects
// none may still name its tenant: in a label, as the last folder of its path, or at the
// beginning of its name. Before it has applied anything, nothing else is known.
func (l *layer) tenants(tenants map[string]*Tenant, owners map[string]string) []string {
	found := set{}
	for namespace := range l.touches {
		if name, ok := owners[namespace]; ok {
			found[name] = true
		}
	}
	if len(found) > 0 {
		return found.sorted()
	}
	for _, word := range append([]string{l.org, path.Base(l.path)}, prefixes(l.ref.Name)...) {
		if name := tenantNamed(word, tenants, owners); name != "" {
			return []string{name}
		}
	}
	return nil
}

// tenantNamed is the tenant with the given name, or with a namespace of that name.
func tenantNamed(word string, tenants map[string]*Tenant, owners map[string]string) string {
	if tenants[word] != nil {
		return word
	}
	if name, ok := owners[word+namespaceSuffix]; ok {
		return name
	}
	return owners[word]
}

// affectsAny reports whether the layer affects a namespace of any tenant.
func (l *layer) affectsAny(owners map[string]string) bool {
	for namespace := range l.touches {
		if _, ok := owners[namespace]; ok {
			return true
		}
	}
	return false
}

// addExpected adds the tenants of which only two layers exist that are a pair by the names
// of Korthweb: "<t>-application" depends on "<t>-dependency". The namespace is then
// assumed to be that of Korthweb as well.
func (g *layerGraph) addExpected(tenants map[string]*Tenant, owners map[string]string) {
	for _, l := range g.list {
		name, ok := strings.CutSuffix(l.ref.Name, applicationSuffix)
		dependency := l.ref
		dependency.Name = name + dependencySuffix
		below := g.byKey[dependency.Key()]
		pair := ok && name != "" && below != nil && slices.ContainsFunc(l.needs, dependency.Same)
		// A prefix of the name does not count: "a-b" may be expected while "a" exists.
		known := tenantNamed(name, tenants, owners) + tenantNamed(path.Base(l.path), tenants, owners) + tenantNamed(l.org, tenants, owners)
		if !pair || len(l.touches)+len(below.touches) > 0 || known != "" {
			continue
		}
		namespace := name + namespaceSuffix
		tenants[name] = &Tenant{Name: name, Namespaces: []string{namespace}}
		owners[namespace] = name
	}
}

// prefixes are a name and its beginnings at each dash, the longest first.
func prefixes(name string) []string {
	all := []string{name}
	for {
		dash := strings.LastIndexByte(name, '-')
		if dash <= 0 {
			return all
		}
		name = name[:dash]
		all = append(all, name)
	}
}
