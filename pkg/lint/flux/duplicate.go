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
			c.Report(o, "metadata.name", message(o, other), edit(o.File(), "Annotate the object with kustomize.toolkit.fluxcd.io/prune: disabled, then remove it from one of the two"))
		}
	},
}

// message describes what happens to an object that two Kustomizations apply.
func message(o, other *cluster.Object) string {
	text := fmt.Sprintf("%s and %s both apply it", other.By.Ref(), o.By.Ref())
	if !prunes(o.By) && !prunes(other.By) {
		return text + "; where they differ, they overwrite each other"
	}
	if o.Ref().GroupKind() == object.NamespaceKind {
		return text + "; if one of them no longer does, it deletes the namespace with everything in it"
	}
	return text + "; if one of them no longer does, it deletes the object"
}

func prunes(k *cluster.Kustomization) bool {
	return object.Bool(k.Unstructured.Object, "spec", "prune")
}
