package check

import (
	"fmt"

	semver "k8s.io/apimachinery/pkg/util/version"
)

// NewestFlux is the newest minor version of Flux whose messages the explanations are tested
// with: that of the lab.
const NewestFlux = "v2.9"

// fluxRequires has the oldest minor version of Kubernetes that each minor version of Flux
// supports, newest first (fluxcd/flux2, tags v2.0.0 to v2.9.0, cmd/flux/check.go,
// kubernetesConstraints).
var fluxRequires = []struct{ flux, kubernetes string }{
	{"2.9", "1.33"}, {"2.8", "1.33"}, {"2.7", "1.32"}, {"2.6", "1.31"}, {"2.5", "1.30"},
	{"2.4", "1.28"}, {"2.3", "1.28"}, {"2.2", "1.26"}, {"2.1", "1.25"}, {"2.0", "1.24"},
}

// supportedFlux is how many minor versions of Flux are supported at a time
// (fluxcd.io/flux/releases, Supported releases).
const supportedFlux = 3

// ClientSkew applies Kubernetes' rule for its clients: one minor version older or newer than
// the server (kubernetes.io/releases/version-skew-policy, kubectl). It returns a warning, empty
// if the versions are within the rule or the client's version is not known.
func ClientSkew(client, server string) string {
	ours, err := semver.ParseGeneric(client)
	if err != nil {
		return "" // a build without a version
	}
	theirs, err := semver.ParseGeneric(server)
	if err != nil {
		return fmt.Sprintf("the server's version %q can't be compared with the client's %s", server, client)
	}
	if ours.Major() == theirs.Major() && ours.Minor() <= theirs.Minor()+1 && theirs.Minor() <= ours.Minor()+1 {
		return ""
	}
	return fmt.Sprintf("the Kubernetes client in this plugin is %s and the server is %s: more than one minor version apart, which Kubernetes does not support",
		minorText(ours), minorText(theirs))
}

// Minor is a version without its patch level, for comparisons.
func Minor(v *semver.Version) *semver.Version { return semver.MajorMinor(v.Major(), v.Minor()) }

func minorText(v *semver.Version) string { return fmt.Sprintf("%d.%d", v.Major(), v.Minor()) }

// requiredKubernetes is the oldest Kubernetes that a Flux supports, and that Flux: the
// newest that the plugin knows if flux is nil or newer.
func requiredKubernetes(flux *semver.Version) (kubernetes *semver.Version, text string) {
	entry := fluxRequires[0]
	for _, e := range fluxRequires {
		if flux != nil && minorText(flux) == e.flux {
			entry = e
		}
	}
	return semver.MustParseGeneric(entry.kubernetes), entry.flux
}
