package flux

import (
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/edit"
)

var prunesData = &rule.Rule{
	Code: "OW1904", Name: "prunes-data", Severity: finding.Info,
	Title: "Flux deletes data when a file is renamed or removed",
	Object: func(c *rule.Context, o *cluster.Object) {
		if o.By == nil || o.Release != nil || !prunes(o.By) || keeps(o) || rule.OfFlux(o) {
			return
		}
		lost := lostWith(c, o)
		if lost == "" {
			return
		}
		c.ReportChange(o, "metadata.name", "if it is renamed, or removed from its layer, Flux deletes it, and "+lost,
			inFile(o.File(), "Annotate it with kustomize.toolkit.fluxcd.io/prune: disabled"), keep(o)...)
	},
}

// pruneKey is the annotation or label by which kustomize-controller keeps an object that is no
// longer in its manifests.
const pruneKey = "kustomize.toolkit.fluxcd.io/prune"

// keep are the changes that annotate an object, nil if it is generated, or an entry of a List.
func keep(o *cluster.Object) []edit.Change {
	if d := o.Document(); d == nil || object.Text(d.Object, "kind") != o.GetKind() {
		return nil
	}
	return []edit.Change{{At: o.Start(), Op: edit.Add, Field: "metadata.annotations", Value: map[string]any{pruneKey: "disabled"}}}
}

// keeps reports whether Flux does not delete an object that is no longer in its manifests.
func keeps(o *cluster.Object) bool {
	return o.GetAnnotations()[pruneKey] == "disabled" || o.GetLabels()[pruneKey] == "disabled"
}

// stateful are kinds whose objects have data, or create volumes.
var stateful = []schema.GroupKind{object.ClaimKind, object.StatefulSetKind, object.HelmReleaseKind}

// lostWith is what is lost with an object, "" if it has no data.
func lostWith(c *rule.Context, o *cluster.Object) string {
	switch o.Ref().GroupKind() {
	case object.ClaimKind:
		return "the volume is deleted or detached, depending on its reclaim policy"
	case object.NamespaceKind:
		for _, kind := range stateful {
			inIt := c.InNamespace(kind, o.GetName())
			i := slices.IndexFunc(inIt, func(other *cluster.Object) bool { return kind != object.HelmReleaseKind || isDatabase(other) })
			if i >= 0 {
				return "everything in it, including " + inIt[i].Ref().Short() + " and its volumes"
			}
		}
	case object.DefinitionKind:
		return "all objects of that kind"
	}
	return ""
}
