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
				if exists(c, ref) || rule.Unknown(ref.Name) || !c.Complete(ref.Namespace) && ref.Kind == object.HelmReleaseKind.Kind {
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
		byKey := map[object.Key]*cluster.Object{}
		for _, o := range all {
			byKey[o.Ref().Key()] = o
		}
		reported := map[object.Key]bool{}
		for _, o := range all {
			cycle := cycleFrom(o, byKey)
			if len(cycle) == 0 || reported[cycle[0].Ref().Key()] {
				continue
			}
			var names []string
			for _, member := range cycle {
				reported[member.Ref().Key()] = true
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
		return slices.ContainsFunc(c.Kustomizations, func(k *cluster.Kustomization) bool { return k.Ref().Key() == ref.Key() })
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

// cycleFrom is the cycle of dependencies that begins and ends with an object, nil if there is
// none.
func cycleFrom(start *cluster.Object, byKey map[object.Key]*cluster.Object) []*cluster.Object {
	visited := map[object.Key]bool{}
	var follow func(o *cluster.Object, path []*cluster.Object) []*cluster.Object
	follow = func(o *cluster.Object, path []*cluster.Object) []*cluster.Object {
		path = append(path, o)
		for _, ref := range dependencies(o) {
			next := byKey[ref.Key()]
			switch {
			case next == nil:
			case next == start:
				return path
			case !visited[ref.Key()]:
				visited[ref.Key()] = true
				if cycle := follow(next, path); cycle != nil {
					return cycle
				}
			}
		}
		return nil
	}
	return follow(start, nil)
}
