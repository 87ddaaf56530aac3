package release

import (
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Migration is the change from an API version of a kind to the newest one.
type Migration struct {
	// Version is the newest API version, such as "v2".
	Version string
	// Removed are the fields of the old version that the new one does not have. If there are
	// none, changing apiVersion is enough. It is about fields only, not about their meaning.
	Removed []RemovedField
}

// RemovedField is a field that the newest API version of a kind does not have.
type RemovedField struct {
	// Path is the field: "spec.postRenderers[].kustomize.patchesJson6902", where [] is each
	// element of a list. Fields below it are not listed.
	Path string
	// Replacement is the field that has its purpose, as a path. It is empty if no field has:
	// the field had no effect, and is deleted.
	Replacement string
}

// FieldsChanged reports whether an object may need more than another apiVersion.
func (m Migration) FieldsChanged() bool { return len(m.Removed) > 0 }

// removed are the fields that the newest version of a kind no longer has. They are the
// differences between the schemas of spec in the CRDs: of v1beta1 and v2beta1 in Flux 2.6.4,
// the last release that serves them, and of v1beta2 and v2beta2 in 2.7.5, each compared with
// the newest version in 2.9.5. Each older version of a kind has the same ones.
var removed = map[schema.GroupKind][]RemovedField{
	// helm-controller, CHANGELOG of 1.0.0.
	{Group: HelmGroup, Kind: "HelmRelease"}: {
		{"spec.chart.spec.valuesFile", "spec.chart.spec.valuesFiles"},
		{"spec.postRenderers[].kustomize.patchesJson6902", "spec.postRenderers[].kustomize.patches"},
		{"spec.postRenderers[].kustomize.patchesStrategicMerge", "spec.postRenderers[].kustomize.patches"},
	},
	// kustomize-controller, CHANGELOG of 1.0.0-rc.1; validation has had no effect since 0.15.0.
	{Group: KustomizeGroup, Kind: "Kustomization"}: {
		{"spec.patchesJson6902", "spec.patches"},
		{"spec.patchesStrategicMerge", "spec.patches"},
		{"spec.validation", ""},
	},
	// source-controller, CHANGELOG of 1.0.0-rc.1 (GitRepository) and 1.3.0 (HelmChart).
	{Group: SourceGroup, Kind: "GitRepository"}: {{"spec.accessFrom", ""}, {"spec.gitImplementation", ""}},
	{Group: SourceGroup, Kind: "Bucket"}:        {{"spec.accessFrom", ""}},
	{Group: SourceGroup, Kind: "HelmChart"}:     {{"spec.accessFrom", ""}, {"spec.valuesFile", "spec.valuesFiles"}},
}

// Replacement returns the newest API version of a kind for an older one, and which fields it
// removed. It is not found if the version is the newest, or if no version of Flux in the table
// served it.
func Replacement(group, kind, apiVersion string) (m Migration, found bool) {
	newest, _ := Served(Minors()[0], group, kind)
	if len(newest) == 0 || apiVersion == newest[0] || !everServed(group, kind, apiVersion) {
		return Migration{}, false
	}
	return Migration{Version: newest[0], Removed: slices.Clone(removed[schema.GroupKind{Group: group, Kind: kind}])}, true
}

// everServed reports whether a version of Flux in the table served an API version.
func everServed(group, kind, apiVersion string) bool {
	return slices.ContainsFunc(Minors(), func(minor string) bool {
		versions, _ := Served(minor, group, kind)
		return slices.Contains(versions, apiVersion)
	})
}
