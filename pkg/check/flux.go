package check

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	semver "k8s.io/apimachinery/pkg/util/version"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

var (
	installFlux = finding.Fix{Text: "Install Flux, or upgrade it", Command: "flux install"}
	migrateFlux = finding.Fix{Text: "Have Flux store all objects in the current version", Command: "flux migrate"}
)

var fluxTests = []test{
	{"kustomizations-served", served(object.KustomizationKind, "v1", installFlux)},
	{"helmreleases-served", served(object.HelmReleaseKind, "v2", installFlux)},
	{"gitrepositories-served", served(object.GitRepositoryKind, "v1", installFlux)},
	{"helmrepositories-served", served(object.HelmRepositoryKind, "v1", installFlux)},
	{"flux-stored-versions", func(c *cluster) Check { return storedVersions(c, ".toolkit.fluxcd.io", migrateFlux) }},
	{"source-controller", fluxController("source-controller")},
	{"kustomize-controller", fluxController("kustomize-controller")},
	{"helm-controller", fluxController("helm-controller")},
	{"flux-other-controllers", otherFluxControllers},
	{"flux-version", fluxVersion},
}

// requiredControllers are those without which no tenant of Korthweb becomes ready.
var requiredControllers = []string{"source-controller", "kustomize-controller", "helm-controller"}

// isFlux reports whether a Deployment is of Flux, by the label that `flux install` sets on all
// its objects (the docs of Flux 2.9, "flux install --export").
func isFlux(deployment *unstructured.Unstructured) bool {
	return deployment.GetLabels()["app.kubernetes.io/part-of"] == "flux"
}

// componentOf is the controller that a Deployment of Flux runs; shards have other names.
func componentOf(deployment *unstructured.Unstructured) string {
	if component := deployment.GetLabels()["app.kubernetes.io/component"]; component != "" {
		return component
	}
	return deployment.GetName()
}

func fluxController(name string) func(*cluster) Check {
	return func(c *cluster) Check {
		return c.available("Flux's "+name, installFlux, func(d *unstructured.Unstructured) bool { return isFlux(d) && componentOf(d) == name })
	}
}

// otherFluxControllers warns of controllers that tenants do not require. Without any, it does
// not apply.
func otherFluxControllers(c *cluster) Check {
	found, _ := c.deployments(func(d *unstructured.Unstructured) bool {
		return isFlux(d) && !slices.Contains(requiredControllers, componentOf(d))
	})
	var ready []string
	for _, deployment := range found {
		result := c.deploymentCheck(deployment)
		if result.Outcome == Fail {
			result.Outcome = Warn
		}
		if result.Outcome != Pass {
			return result
		}
		ready = append(ready, deployment.GetName())
	}
	if len(ready) == 0 {
		return Check{}
	}
	return pass("available: %s", names(ready))
}

// fluxVersions are the versions in the labels of Flux's Deployments, sorted, each once.
func (c *cluster) fluxVersions() (versions []string, controllers int, unread *Check) {
	found, unread := c.deployments(isFlux)
	for _, deployment := range found {
		if label := deployment.GetLabels()["app.kubernetes.io/version"]; label != "" && !slices.Contains(versions, label) {
			versions = append(versions, label)
		}
	}
	slices.Sort(versions)
	return versions, len(found), unread
}

// fluxInstalled is the version of the installed Flux, the oldest if there are several; nil if
// it is not known.
func (c *cluster) fluxInstalled() *semver.Version {
	var oldest *semver.Version
	versions, _, _ := c.fluxVersions()
	for _, text := range versions {
		if v, err := semver.ParseGeneric(text); err == nil && (oldest == nil || v.LessThan(oldest)) {
			oldest = v
		}
	}
	return oldest
}

// fluxVersion checks that all controllers are of one release of Flux, that Flux supports it,
// and that the plugin knows its messages.
func fluxVersion(c *cluster) Check {
	versions, controllers, unread := c.fluxVersions()
	upgrade := finding.Fix{Text: "Upgrade Flux", Command: "flux install"}
	switch {
	case len(versions) > 1:
		return warn(finding.Fix{Text: "Complete the upgrade of Flux", Command: "flux install"},
			"Flux has components of several versions (%s): its upgrade is not complete", strings.Join(versions, ", "))
	case len(versions) == 0 && unread != nil:
		return *unread
	case controllers == 0:
		return Check{} // the checks of the controllers report it
	case len(versions) == 0:
		return unknown(finding.Fix{Text: "Check the version with 'flux version'"}, "Flux's Deployments have no label app.kubernetes.io/version")
	}
	running, err := semver.ParseGeneric(versions[0])
	if err != nil {
		return unknown(finding.Fix{Text: "Check the version with 'flux version'"}, "Flux's version %q can't be compared", versions[0])
	}
	newest := semver.MustParseGeneric(NewestFlux)
	switch {
	case newest.LessThan(Minor(running)):
		return warn(finding.Fix{Text: "Use a newer version of the plugin"}, "%s", NewerFlux(versions[0]))
	case Minor(running).LessThan(semver.MajorMinor(newest.Major(), newest.Minor()-supportedFlux+1)):
		return warn(upgrade, "Flux %s is older than the %d minor versions that Flux supports (up to %s)", versions[0], supportedFlux, NewestFlux)
	}
	if controllers == 1 {
		return pass("the controller is of %s", versions[0])
	}
	return pass("all %d controllers are of %s", controllers, versions[0])
}

// NewerFlux is the warning of a Flux that is newer than NewestFlux.
func NewerFlux(version string) string {
	return fmt.Sprintf("Flux %s is newer than %s, the newest version whose messages this plugin recognizes: explain may name the object but not the cause", version, NewestFlux)
}
