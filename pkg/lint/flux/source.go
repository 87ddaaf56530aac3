package flux

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/similar"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

var missingSource = &rule.Rule{
	Code: "OW1110", Name: "missing-source", Severity: finding.Critical,
	Title: "A source does not exist",
	Object: func(c *rule.Context, o *cluster.Object) {
		field, ref, ok := sourceRef(o)
		if !ok || ref == (object.Ref{}) || rule.Unknown(ref.Name) || c.HasSource(ref) {
			return
		}
		names := sourceNames(c, ref)
		misspelled := slices.ContainsFunc(names, func(name string) bool { return rule.Misspelled(ref.Name, name) })
		if !allBuilt(c) && !misspelled { // a Kustomization that was not built may apply it
			return
		}
		c.Report(o, field+".name", fmt.Sprintf("its source is %s, %s", ref, suggest(similar.Nearest(ref.Name, names))),
			inFile(o.File(), "Correct the reference, or add the "+ref.Kind))
	},
}

// sourceNames are the names of the sources of the same kind and namespace as another, including that
// which contains the tree.
func sourceNames(c *rule.Context, ref object.Ref) []string {
	var names []string
	for _, other := range c.InNamespace(ref.GroupKind(), ref.Namespace) {
		names = append(names, other.GetName())
	}
	for _, k := range c.Kustomizations {
		used := cluster.SourceOf(k.Unstructured)
		if k.Built != nil && used.GroupKind() == ref.GroupKind() && used.Namespace == ref.Namespace && !slices.Contains(names, used.Name) {
			names = append(names, used.Name)
		}
	}
	return names
}

// sourceKinds are the kinds that Flux downloads.
var sourceKinds = []schema.GroupKind{
	object.GitRepositoryKind, object.OCIRepositoryKind, object.BucketKind, object.HelmRepositoryKind,
}

// sourceRef is the field that names the source of an object, and the source. It is false for
// kinds that have none, and for sources of other kinds.
func sourceRef(o *cluster.Object) (field string, ref object.Ref, ok bool) {
	switch o.Ref().GroupKind() {
	case object.KustomizationKind:
		field = "spec.sourceRef"
	case object.HelmReleaseKind:
		field = "spec.chart.spec.sourceRef"
		if _, found := object.Read(o.Unstructured.Object, "spec.chartRef"); found {
			field = "spec.chartRef"
		}
	default:
		return "", object.Ref{}, false
	}
	value, _ := object.Read(o.Unstructured.Object, field)
	fields, _ := value.(map[string]any)
	ref = object.Ref{
		APIVersion: object.GitRepositoryKind.Group + "/v1", Kind: object.Text(fields, "kind"),
		Namespace: object.Text(fields, "namespace"), Name: object.Text(fields, "name"),
	}
	if ref.Namespace == "" {
		ref.Namespace = o.GetNamespace()
	}
	return field, ref, slices.Contains(sourceKinds, ref.GroupKind())
}

// allBuilt reports whether the tree has everything that the cluster's Kustomizations apply.
func allBuilt(c *rule.Context) bool {
	return !slices.ContainsFunc(c.Kustomizations, func(k *cluster.Kustomization) bool { return k.Built == nil })
}
