package tenant

import (
	"path"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// assign gives each tenant its layers: those that touch its namespaces or bear
// its name, and all that these need, in the order of application. owners maps
// each tenant namespace to its tenant.
func (g *layerGraph) assign(tenants map[string]*Tenant, owners map[string]string) {
	roots := map[string][]*layer{}
	mine := map[finding.Key]string{}
	for _, l := range g.list { // in order, so that the roots are
		names := l.tenants(tenants, owners)
		for _, name := range names {
			roots[name] = append(roots[name], l)
		}
		if len(names) == 1 {
			mine[l.ref.Key()] = names[0]
		}
	}
	for name, t := range tenants {
		walk := walk{graph: g, seen: map[finding.Key]bool{}}
		for _, l := range roots[name] {
			walk.visit(l.ref)
		}
		for _, ref := range walk.ordered {
			t.Layers = append(t.Layers, Layer{Ref: ref, Shared: mine[ref.Key()] != name})
		}
	}
}

// tenants are those whose namespaces the layer touches, sorted. A layer that
// touches none may still say whose it is: in a label, as the last folder of its
// path, or at the front of its name. That is all there is to go by before it
// has applied anything.
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
	for _, name := range append([]string{l.org, path.Base(l.path)}, prefixes(l.ref.Name)...) {
		if tenants[name] != nil {
			return []string{name}
		}
	}
	return nil
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

// walk orders layers so that each comes after those it needs. A cycle is cut
// where it closes; a layer that does not exist keeps its place.
type walk struct {
	graph   *layerGraph
	seen    map[finding.Key]bool
	ordered []finding.Ref
}

func (w *walk) visit(ref finding.Ref) {
	if w.seen[ref.Key()] {
		return
	}
	w.seen[ref.Key()] = true
	if l := w.graph.byKey[ref.Key()]; l != nil {
		for _, need := range l.needs {
			w.visit(need)
		}
	}
	w.ordered = append(w.ordered, ref)
}
