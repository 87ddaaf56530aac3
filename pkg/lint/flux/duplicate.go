package flux

import (
	"fmt"
	"slices"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

var appliedTwice = &rule.Rule{
	Code: "OW1902", Name: "applied-twice", Severity: finding.Warning,
	Title: "Two Kustomizations apply one object",
	Cluster: func(c *rule.Context) {
		all := map[object.Key][]*cluster.Object{}
		var order []object.Key
		for _, o := range c.Objects {
			if o.By == nil || o.Release != nil {
				continue
			}
			key := o.Ref().Key()
			if all[key] == nil {
				order = append(order, key)
			}
			if !slices.ContainsFunc(all[key], func(other *cluster.Object) bool { return other.By == o.By }) {
				all[key] = append(all[key], o)
			}
		}
		for _, key := range order {
			if same := all[key]; len(same) > 1 {
				c.Report(same[1], "metadata.name", message(same), inFile(same[1].File(), howToRemove(same)))
			}
		}
	},
}

// message describes what happens to an object that several Kustomizations apply.
func message(same []*cluster.Object) string {
	text := fmt.Sprintf("%s and %s both apply it", same[0].By.Ref(), same[1].By.Ref())
	if more := len(same) - 2; more > 0 {
		text = fmt.Sprintf("%s, %s and %s apply it", same[0].By.Ref(), same[1].By.Ref(), finding.Count(more, "other Kustomization"))
	}
	switch {
	case !slices.ContainsFunc(same, deletes):
		return text + "; where they differ, they overwrite each other"
	case same[0].Ref().GroupKind() == object.NamespaceKind:
		return text + "; if one of them no longer does, it deletes the namespace with everything in it"
	}
	return text + "; if one of them no longer does, it deletes the object"
}

// howToRemove is how an object is left to one Kustomization without deleting it.
func howToRemove(same []*cluster.Object) string {
	if !slices.ContainsFunc(same, deletes) {
		return "Leave it in one of them"
	}
	return "Commit the annotation kustomize.toolkit.fluxcd.io/prune: disabled in all places; when Flux has applied it to the object, leave the object in one of them in a second commit"
}

// deletes reports whether Flux deletes an object when its Kustomization no longer has it.
func deletes(o *cluster.Object) bool { return prunes(o.By) && !keeps(o) }

func prunes(k *cluster.Kustomization) bool {
	return object.Bool(k.Unstructured.Object, "spec", "prune")
}
