package object

import (
	"cmp"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// SourceRef is the object that a sourceRef or chartRef of Flux names; home is the namespace if it
// names none.
func SourceRef(source map[string]any, home string) Ref {
	return Ref{APIVersion: HelmChartKind.Group + "/v1", Kind: Text(source, "kind"), Namespace: cmp.Or(Text(source, "namespace"), home), Name: Text(source, "name")}
}

// ChartOf is where a HelmRelease's chart comes from: the object in spec.chartRef, or the HelmChart
// that helm-controller creates for spec.chart (helm-controller v1.6, api v2, GetHelmChartName). It
// is the zero Ref if the release has neither.
func ChartOf(release *unstructured.Unstructured) Ref {
	if ref := Map(release.Object, "spec", "chartRef"); len(ref) > 0 {
		return SourceRef(ref, release.GetNamespace())
	}
	chart := ChartSourceOf(release)
	if chart == (Ref{}) {
		return Ref{}
	}
	chart.Kind, chart.Name = HelmChartKind.Kind, release.GetNamespace()+"-"+release.GetName()
	return chart
}

// ChartSourceOf is the source in spec.chart of a HelmRelease, the zero Ref if it has none.
func ChartSourceOf(release *unstructured.Unstructured) Ref {
	source := Map(release.Object, "spec", "chart", "spec", "sourceRef")
	if len(source) == 0 {
		return Ref{}
	}
	return SourceRef(source, release.GetNamespace())
}
