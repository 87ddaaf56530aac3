package version

import (
	"maps"
	"slices"
	"strings"

	semver "k8s.io/apimachinery/pkg/util/version"

	"github.com/digihunch/kubectl-orthweb/pkg/check"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/collect"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// fluxNamespace is the default namespace of `flux install`.
const fluxNamespace = "flux-system"

var fluxWants = []collect.Query{{GroupKind: object.DeploymentKind, Namespaces: []string{fluxNamespace}}}

// fluxVersion is the version of Flux in a cluster.
type fluxVersion struct {
	// GitVersion is the version in the labels of Flux's installation. After a partial
	// upgrade it has several versions in order, separated by commas.
	GitVersion string `json:"gitVersion,omitempty"`
	// Controllers are the tags of the controllers' images, by their names.
	Controllers map[string]string `json:"controllers,omitempty"`
	// Unknown is why it could not be read.
	Unknown string `json:"unknown,omitempty"`
}

// String is the version, or why it is not known.
func (f fluxVersion) String() string {
	switch {
	case f.GitVersion != "":
		return f.GitVersion
	case f.Unknown != "":
		return "unknown: " + f.Unknown
	}
	return "none in the namespace " + fluxNamespace
}

// findFlux reads the labels that `flux install` sets on all its objects (the docs of
// Flux 2.9, "flux install --export").
func findFlux(snap *snapshot.Snapshot) fluxVersion {
	list := snap.List(object.DeploymentKind, fluxNamespace)
	var found fluxVersion
	for _, why := range list.Unknown {
		found.Unknown = why.String()
	}
	versions := map[string]bool{}
	for _, obj := range list.Objects {
		labels := obj.GetLabels()
		if labels["app.kubernetes.io/part-of"] != "flux" {
			continue
		}
		if label := labels["app.kubernetes.io/version"]; label != "" {
			versions[label] = true
		}
		if found.Controllers == nil {
			found.Controllers = map[string]string{}
		}
		found.Controllers[obj.GetName()] = check.ImageTag(obj.Object)
	}
	found.GitVersion = strings.Join(slices.Sorted(maps.Keys(versions)), ", ")
	return found
}

// skew returns warnings of a Flux whose messages are newer than the known ones, or of
// several versions at the same time.
func (f fluxVersion) skew() []string {
	var warnings []string
	if strings.Contains(f.GitVersion, ", ") {
		warnings = append(warnings, "Flux has components of several versions ("+f.GitVersion+"): its upgrade is not complete")
	}
	for _, name := range strings.Split(f.GitVersion, ", ") {
		running, err := semver.ParseGeneric(name)
		if err == nil && semver.MustParseGeneric(check.NewestFlux).LessThan(check.Minor(running)) {
			warnings = append(warnings, check.NewerFlux(name))
		}
	}
	return warnings
}
