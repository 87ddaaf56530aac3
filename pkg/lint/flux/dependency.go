package flux

import (
	"fmt"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/similar"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

var missingDependency = &rule.Rule{
	Code: "OW1101", Name: "missing-dependency", Severity: finding.Critical,
	Title: "A dependency does not exist",
	Cluster: func(c *rule.Context) {
		for _, o := range dependents(c) {
			for i, ref := range dependencies(o) {
				if exists(c, ref) || rule.Unknown(ref.Name) || c.InOther(ref) ||
					ref.Kind == object.HelmReleaseKind.Kind && !c.Complete(ref.Namespace) && c.MisspellingOf(ref) == "" {
					continue
				}
				c.Report(o, fmt.Sprintf("spec.dependsOn[%d].name", i), fmt.Sprintf("depends on %s, %s", ref, suggest(nearest(c, ref))),
					inFile(o.File(), "Correct spec.dependsOn, or add the missing "+ref.Kind))
			}
		}
	},
}

var dependencyCycle = &rule.Rule{
	Code: "OW1102", Name: "dependency-cycle", Severity: finding.Critical,
	Title: "Dependencies form a cycle",
	Cluster: func(c *rule.Context) {
		all := dependents(c)
		edges := dependencyGraph(all)
		reported := map[*cluster.Object]bool{}
		for _, o := range cyclic(all, edges) {
			if reported[o] {
				continue
			}
			cycle := cycleFrom(o, edges)
			if len(cycle) == 0 {
				continue
			}
			var names []string
			for _, member := range cycle {
				reported[member] = true
				names = append(names, member.GetName())
			}
			names = append(names, names[0])
			i := slices.IndexFunc(dependencies(cycle[0]), func(ref object.Ref) bool { return ref.Key() == cycle[1%len(cycle)].Ref().Key() })
			c.Report(cycle[0], fmt.Sprintf("spec.dependsOn[%d].name", i),
				"dependencies form a cycle, so none of them can start: "+strings.Join(names, " → "),
				inFile(cycle[0].File(), "Remove one of the dependencies from spec.dependsOn"))
		}
	},
}

// dependents are the objects that have spec.dependsOn: Kustomizations and HelmReleases.
func dependents(c *rule.Context) []*cluster.Object {
	var all []*cluster.Object
	for _, k := range c.Kustomizations {
		all = append(all, k.Object)
	}
	return append(all, c.OfKind(object.HelmReleaseKind)...)
}

// dependencies are the objects on which an object depends.
func dependencies(o *cluster.Object) []object.Ref {
	var refs []object.Ref
	for _, entry := range object.List(o.Unstructured.Object, "spec", "dependsOn") {
		namespace := object.Text(entry, "namespace")
		if namespace == "" {
			namespace = o.GetNamespace()
		}
		refs = append(refs, object.Ref{APIVersion: o.GetAPIVersion(), Kind: o.GetKind(), Namespace: namespace, Name: object.Text(entry, "name")})
	}
	return refs
}

func exists(c *rule.Context, ref object.Ref) bool {
	if ref.GroupKind() == object.KustomizationKind {
		return c.Kustomization(ref) != nil
	}
	return len(c.Find(ref.GroupKind(), ref.Namespace, ref.Name)) > 0
}

// nearest is the name of an object of the same kind that is similar to one that does not exist.
func nearest(c *rule.Context, ref object.Ref) string {
	var names []string
	for _, o := range dependents(c) {
		if o.GetKind() == ref.Kind && o.GetNamespace() == ref.Namespace {
			names = append(names, o.GetName())
		}
	}
	return similar.Nearest(ref.Name, names)
}

// dependencyGraph are the objects on which objects depend, without those that do not exist.
func dependencyGraph(all []*cluster.Object) map[*cluster.Object][]*cluster.Object {
	byKey := map[object.Key]*cluster.Object{}
	for _, o := range all {
		byKey[o.Ref().Key()] = o
	}
	edges := map[*cluster.Object][]*cluster.Object{}
	for _, o := range all {
		for _, ref := range dependencies(o) {
			if next := byKey[ref.Key()]; next != nil {
				edges[o] = append(edges[o], next)
			}
		}
	}
	return edges
}

// cyclic are the objects that are in a cycle or between two, in their order. It removes those on
// which nothing depends, and those that depend on nothing, until there are none: then the rest
// has only few objects to search, however long the chains of dependencies are.
func cyclic(all []*cluster.Object, edges map[*cluster.Object][]*cluster.Object) []*cluster.Object {
	reverse := map[*cluster.Object][]*cluster.Object{}
	for o, dependencies := range edges {
		for _, next := range dependencies {
			reverse[next] = append(reverse[next], o)
		}
	}
	removed := map[*cluster.Object]bool{}
	for _, graph := range [][2]map[*cluster.Object][]*cluster.Object{{edges, reverse}, {reverse, edges}} {
		removeEnds(all, graph[0], graph[1], removed)
	}
	return slices.DeleteFunc(slices.Clone(all), func(o *cluster.Object) bool { return removed[o] })
}

// removeEnds removes the objects without edges, and those that then have none.
func removeEnds(all []*cluster.Object, edges, reverse map[*cluster.Object][]*cluster.Object, removed map[*cluster.Object]bool) {
	degree := map[*cluster.Object]int{}
	var ends []*cluster.Object
	for _, o := range all {
		for _, next := range edges[o] {
			if !removed[next] {
				degree[o]++
			}
		}
		if degree[o] == 0 && !removed[o] {
			ends = append(ends, o)
		}
	}
	for len(ends) > 0 {
		o := ends[len(ends)-1]
		ends = ends[:len(ends)-1]
		removed[o] = true
		for _, before := range reverse[o] {
			if degree[before]--; degree[before] == 0 && !removed[before] {
				ends = append(ends, before)
			}
		}
	}
}

// cycleFrom is the cycle of dependencies that begins and ends with an object, nil if there is
// none.
func cycleFrom(start *cluster.Object, edges map[*cluster.Object][]*cluster.Object) []*cluster.Object {
	visited := map[*cluster.Object]bool{}
	var follow func(o *cluster.Object, path []*cluster.Object) []*cluster.Object
	follow = func(o *cluster.Object, path []*cluster.Object) []*cluster.Object {
		path = append(path, o)
		for _, next := range edges[o] {
			switch {
			case next == start:
				return path
			case !visited[next]:
				visited[next] = true
				if cycle := follow(next, path); cycle != nil {
					return cycle
				}
			}
		}
		return nil
	}
	return follow(start, nil)
}
