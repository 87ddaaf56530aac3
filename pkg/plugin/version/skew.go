package version

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	semver "k8s.io/apimachinery/pkg/util/version"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/collect"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// newestFlux is the newest minor version of Flux whose messages the explanations are tested
// with: that of the lab.
const newestFlux = "v2.9"

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
		found.Controllers[obj.GetName()] = imageTag(obj.Object)
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
		if err == nil && minorOf(semver.MustParseGeneric(newestFlux)).LessThan(minorOf(running)) {
			warnings = append(warnings, fmt.Sprintf("Flux %s is newer than %s, the newest version whose messages this plugin recognizes: explain may name the object but not the cause", name, newestFlux))
		}
	}
	return warnings
}

// serverSkew is Kubernetes' rule for its clients: one minor older or newer than
// the server (kubernetes.io/releases/version-skew-policy, kubectl).
func serverSkew(client, server string) []string {
	ours, err := semver.ParseGeneric(client)
	if err != nil {
		return nil // a build without a version
	}
	theirs, err := semver.ParseGeneric(server)
	if err != nil {
		return []string{fmt.Sprintf("the server's version %q can't be compared with the client's %s", server, client)}
	}
	if ours.Major() == theirs.Major() && ours.Minor() <= theirs.Minor()+1 && theirs.Minor() <= ours.Minor()+1 {
		return nil
	}
	return []string{fmt.Sprintf("the Kubernetes client in this plugin is %d.%d and the server is %d.%d: more than one minor version apart, which Kubernetes does not support",
		ours.Major(), ours.Minor(), theirs.Major(), theirs.Minor())}
}

func minorOf(v *semver.Version) *semver.Version {
	return semver.MajorMinor(v.Major(), v.Minor())
}

// imageTag is the tag of a Deployment's first image, empty when it has none.
func imageTag(deployment map[string]any) string {
	for _, container := range object.List(deployment, "spec", "template", "spec", "containers") {
		image, _, _ := strings.Cut(object.Text(container, "image"), "@")
		_, tag, _ := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":")
		return tag
	}
	return ""
}
