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
		if o.Ref().GroupKind() == object.ArtifactGeneratorKind {
			for i, ref := range generatorSources(o) {
				checkSource(c, o, fmt.Sprintf("spec.sources[%d]", i), ref)
			}
			return
		}
		if field, ref, ok := sourceRef(o); ok {
			checkSource(c, o, field, ref)
		}
	},
}

// checkSource reports a source that does not exist.
func checkSource(c *rule.Context, o *cluster.Object, field string, ref object.Ref) {
	names := sourceNames(c, ref)
	if ref == (object.Ref{}) || rule.Unknown(ref.Name) || c.HasSource(ref) || slices.Contains(names, ref.Name) {
		return
	}
	misspelled := slices.ContainsFunc(names, func(name string) bool { return rule.Misspelled(ref.Name, name) })
	// A Kustomization that was not built may apply it; other programs create external artifacts, too.
	if !misspelled && (!allBuilt(c) || ref.GroupKind() == object.ExternalArtifactKind) {
		return
	}
	c.Report(o, field+".name", fmt.Sprintf("its source is %s, %s", ref, suggest(similar.Nearest(ref.Name, names))),
		inFile(o.File(), "Correct the reference, or add the "+ref.Kind))
}

// generatorSources are the sources of an ArtifactGenerator.
func generatorSources(generator *cluster.Object) []object.Ref {
	var refs []object.Ref
	for _, entry := range object.List(generator.Unstructured.Object, "spec", "sources") {
		refs = append(refs, object.SourceRef(entry, generator.GetNamespace()))
	}
	return refs
}

// sourceNames are the names of the sources of the same kind and namespace as another, including that
// which contains the tree.
func sourceNames(c *rule.Context, ref object.Ref) []string {
	var names []string
	for _, other := range c.InNamespace(ref.GroupKind(), ref.Namespace) {
		names = append(names, other.GetName())
	}
	if ref.GroupKind() == object.ExternalArtifactKind {
		names = append(names, artifactNames(c, ref.Namespace)...)
	}
	for _, k := range c.Kustomizations {
		used := cluster.SourceOf(k.Unstructured)
		if k.Built != nil && used.GroupKind() == ref.GroupKind() && used.Namespace == ref.Namespace && !slices.Contains(names, used.Name) {
			names = append(names, used.Name)
		}
	}
	return names
}

// artifactNames are the names of the external artifacts that ArtifactGenerators create in a namespace.
func artifactNames(c *rule.Context, namespace string) []string {
	var names []string
	for _, generator := range c.InNamespace(object.ArtifactGeneratorKind, namespace) {
		for _, entry := range object.List(generator.Unstructured.Object, "spec", "artifacts") {
			names = append(names, object.Text(entry, "name"))
		}
	}
	return names
}

// sourceKinds are the kinds that Flux downloads.
var sourceKinds = []schema.GroupKind{
	object.GitRepositoryKind, object.OCIRepositoryKind, object.BucketKind, object.HelmRepositoryKind, object.ExternalArtifactKind,
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
	ref = object.SourceRef(fields, o.GetNamespace())
	return field, ref, slices.Contains(sourceKinds, ref.GroupKind())
}

// allBuilt reports whether the tree has everything that the cluster's Kustomizations apply.
func allBuilt(c *rule.Context) bool {
	return !slices.ContainsFunc(c.Kustomizations, func(k *cluster.Kustomization) bool { return k.Built == nil })
}
