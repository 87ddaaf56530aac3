package tenant

import (
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// layerGraph is all layers and their dependencies.
type layerGraph struct {
	list  []*layer // by namespace and name
	byKey map[object.Key]*layer
}

func readLayers(snap *snapshot.Snapshot) *layerGraph {
	graph := &layerGraph{byKey: map[object.Key]*layer{}}
	for _, obj := range snap.List(object.KustomizationKind, "").Objects {
		l := readLayer(snap, obj)
		graph.list = append(graph.list, l)
		graph.byKey[l.ref.Key()] = l
	}
	return graph
}

// affecting returns, for each of the namespaces, the layers that affect it and no other
// of them: those that may be named after its tenant.
func (g *layerGraph) affecting(namespaces set) map[string][]*layer {
	found := map[string][]*layer{}
	for _, l := range g.list {
		var mine []string
		for namespace := range l.touches {
			if namespaces[namespace] {
				mine = append(mine, namespace)
			}
		}
		if len(mine) == 1 {
			found[mine[0]] = append(found[mine[0]], l)
		}
	}
	return found
}

// walk orders layers so that each comes after its dependencies. A cycle is cut where it
// closes; a layer that does not exist keeps its place.
type walk struct {
	graph   *layerGraph
	seen    map[object.Key]bool
	ordered []object.Ref
}

func (w *walk) visit(ref object.Ref) {
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
