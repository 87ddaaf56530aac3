package release

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/version"
)

// The API groups of Flux.
const (
	HelmGroup         = "helm.toolkit.fluxcd.io"
	ImageGroup        = "image.toolkit.fluxcd.io"
	KustomizeGroup    = "kustomize.toolkit.fluxcd.io"
	NotificationGroup = "notification.toolkit.fluxcd.io"
	SourceGroup       = "source.toolkit.fluxcd.io"
	ExtensionsGroup   = "source.extensions.fluxcd.io"
)

// The first and last minor version of Flux 2 in the table.
const firstMinor, lastMinor = 0, 9

// period is the API versions that Flux serves from a minor version on, until the next period.
type period struct {
	// from is the minor version: 7 for Flux 2.7.
	from int
	// versions are the served versions, the one that is stored first.
	versions string
}

// served are the API versions of each kind, by the minor version that changed them. They are
// those of the CRDs, spec.versions with served: true, of all releases from 2.2.3 to 2.9.5 except
// 2.8.4 (manifests.tar.gz of the release), and of the releases 2.0.0 to 2.2.2 in the controllers'
// config/crd/bases at the versions that flux2 names in manifests/bases: helm-controller 0.35
// to 0.37, source-controller, kustomize-controller and notification-controller 1.0 to 1.2,
// image-reflector-controller 0.29 to 0.31, image-automation-controller 0.35 to 0.37. No patch
// release changed them. Tests and `make flux-manifests` compare the table with the CRDs.
var served = map[schema.GroupKind][]period{
	{Group: HelmGroup, Kind: "HelmRelease"}: {{0, "v2beta1"}, {2, "v2beta2 v2beta1"}, {3, "v2 v2beta2 v2beta1"}, {7, "v2 v2beta2"}, {8, "v2"}},

	{Group: KustomizeGroup, Kind: "Kustomization"}: {{0, "v1 v1beta2 v1beta1"}, {7, "v1 v1beta2"}, {8, "v1"}},

	{Group: SourceGroup, Kind: "GitRepository"}:    {{0, "v1 v1beta2 v1beta1"}, {7, "v1 v1beta2"}, {8, "v1"}},
	{Group: SourceGroup, Kind: "Bucket"}:           {{0, "v1beta2 v1beta1"}, {4, "v1 v1beta2 v1beta1"}, {7, "v1 v1beta2"}, {8, "v1"}},
	{Group: SourceGroup, Kind: "HelmChart"}:        {{0, "v1beta2 v1beta1"}, {3, "v1 v1beta2 v1beta1"}, {7, "v1 v1beta2"}, {8, "v1"}},
	{Group: SourceGroup, Kind: "HelmRepository"}:   {{0, "v1beta2 v1beta1"}, {3, "v1 v1beta2 v1beta1"}, {7, "v1 v1beta2"}, {8, "v1"}},
	{Group: SourceGroup, Kind: "OCIRepository"}:    {{0, "v1beta2"}, {6, "v1 v1beta2"}, {8, "v1"}},
	{Group: SourceGroup, Kind: "ExternalArtifact"}: {{7, "v1"}},

	{Group: ExtensionsGroup, Kind: "ArtifactGenerator"}: {{7, "v1beta1"}},

	{Group: NotificationGroup, Kind: "Alert"}:    {{0, "v1beta2 v1beta1"}, {2, "v1beta3 v1beta2 v1beta1"}, {7, "v1beta3 v1beta2"}, {9, "v1beta3"}},
	{Group: NotificationGroup, Kind: "Provider"}: {{0, "v1beta2 v1beta1"}, {2, "v1beta3 v1beta2 v1beta1"}, {7, "v1beta3 v1beta2"}, {9, "v1beta3"}},
	{Group: NotificationGroup, Kind: "Receiver"}: {{0, "v1 v1beta2 v1beta1"}, {7, "v1 v1beta2"}, {9, "v1"}},

	{Group: ImageGroup, Kind: "ImagePolicy"}:           {{0, "v1beta2 v1beta1"}, {7, "v1 v1beta2"}, {9, "v1"}},
	{Group: ImageGroup, Kind: "ImageRepository"}:       {{0, "v1beta2 v1beta1"}, {7, "v1 v1beta2"}, {9, "v1"}},
	{Group: ImageGroup, Kind: "ImageUpdateAutomation"}: {{0, "v1beta1"}, {3, "v1beta2 v1beta1"}, {7, "v1 v1beta2"}, {9, "v1"}},
}

// Kinds returns the kinds of Flux in the table, sorted by group and kind.
func Kinds() []schema.GroupKind {
	return slices.SortedFunc(maps.Keys(served), func(a, b schema.GroupKind) int { return strings.Compare(a.String(), b.String()) })
}

// Minors returns the minor versions of Flux in the table, such as "v2.9", the newest first.
func Minors() []string {
	var minors []string
	for minor := lastMinor; minor >= firstMinor; minor-- {
		minors = append(minors, fmt.Sprintf("v2.%d", minor))
	}
	return minors
}

// Served returns the API versions of a kind that a version of Flux serves, the stored one
// first: it is the newest. The version of Flux may be a release ("v2.9.5") or a minor version
// ("2.9"). The result is not known if the table has no such version of Flux, or no such kind
// in any version; if it is known and empty, this version of Flux does not have the kind.
func Served(flux, group, kind string) (versions []string, known bool) {
	minor, ok := minorOf(flux)
	periods := served[schema.GroupKind{Group: group, Kind: kind}]
	if !ok || len(periods) == 0 {
		return nil, false
	}
	for _, p := range periods {
		if p.from <= minor {
			versions = strings.Fields(p.versions)
		}
	}
	return versions, true
}

// minorOf returns the minor version of a version of Flux 2 in the table.
func minorOf(flux string) (minor int, ok bool) {
	v, err := version.ParseGeneric(flux)
	if err != nil || v.Major() != 2 || v.Minor() > lastMinor {
		return 0, false
	}
	return int(v.Minor()), true
}

// LastServedBy returns the last minor version of Flux that serves an API version of a kind,
// such as "v2.7". It is empty if the version is still served, or if no version of Flux in the
// table served it.
func LastServedBy(group, kind, apiVersion string) string {
	for i, minor := range Minors() {
		if versions, _ := Served(minor, group, kind); slices.Contains(versions, apiVersion) {
			if i == 0 {
				return ""
			}
			return minor
		}
	}
	return ""
}
