package flux

import (
	"fmt"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

var appliedTwice = &rule.Rule{
	Code: "OW1902", Name: "applied-twice", Severity: finding.Warning,
	Title: "Two Kustomizations apply one object",
	Cluster: func(c *rule.Context) {
		first := map[object.Key]*cluster.Object{}
		for _, o := range c.Objects {
			if o.By == nil || o.Release != nil {
				continue
			}
			key := o.Ref().Key()
			other := first[key]
			if other == nil {
				first[key] = o
				continue
			}
			if other.By == o.By {
				continue
			}
			c.Report(o, "metadata.name", message(o, other), inFile(o.File(), howToRemove(o, other)))
		}
	},
}

// message describes what happens to an object that two Kustomizations apply.
func message(o, other *cluster.Object) string {
	text := fmt.Sprintf("%s and %s both apply it", other.By.Ref(), o.By.Ref())
	if !deletes(o) && !deletes(other) {
		return text + "; where they differ, they overwrite each other"
	}
	if o.Ref().GroupKind() == object.NamespaceKind {
		return text + "; if one of them no longer does, it deletes the namespace with everything in it"
	}
	return text + "; if one of them no longer does, it deletes the object"
}

// howToRemove is how an object is removed from one of two Kustomizations without deleting it.
func howToRemove(o, other *cluster.Object) string {
	if !deletes(o) && !deletes(other) {
		return "Remove it from one of the two"
	}
	return "Commit the annotation kustomize.toolkit.fluxcd.io/prune: disabled in both places; when Flux has applied it to the object, remove the object from one of the two in a second commit"
}

// deletes reports whether Flux deletes an object when its Kustomization no longer has it.
func deletes(o *cluster.Object) bool { return prunes(o.By) && !keeps(o) }

func prunes(k *cluster.Kustomization) bool {
	return object.Bool(k.Unstructured.Object, "spec", "prune")
}
