package diagnose

import (
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// releaseByChart finds the HelmRelease whose chart or name matches one of the words, an
// earlier word before a later one; with a namespace, only there.
func (x *examiner) releaseByChart(namespace string, words ...string) (finding.Ref, bool) {
	releases := x.snap.List(health.HelmReleaseKind, namespace).Objects
	for _, word := range words {
		for _, release := range releases {
			chart := field.Text(release.Object, "spec", "chart", "spec", "chart")
			if chart == word || release.GetName() == word {
				return finding.RefOf(release), true
			}
		}
		for _, release := range releases {
			chart := field.Text(release.Object, "spec", "chart", "spec", "chart")
			if strings.Contains(chart, word) || strings.Contains(release.GetName(), word) {
				return finding.RefOf(release), true
			}
		}
	}
	return finding.Ref{}, false
}

// definingCharts are the charts that define the kinds of a group. Others are guessed
// from the name of the group.
var definingCharts = map[string][]string{
	"cert-manager.io":       {"cert-manager"},
	"acme.cert-manager.io":  {"cert-manager"},
	"istio.io":              {"istio-base", "base", "istiod", "istio"},
	"toolkit.fluxcd.io":     {"flux-system", "flux"},
	"monitoring.coreos.com": {"kube-prometheus-stack", "prometheus-operator-crds", "prometheus-operator", "prometheus"},
}

// crdOwner finds the release or layer that should install the CustomResourceDefinitions
// of a group.
func (x *examiner) crdOwner(group string) (finding.Ref, bool) {
	words := definingCharts[group]
	for suffix, charts := range definingCharts {
		if len(words) == 0 && strings.HasSuffix(group, "."+suffix) {
			words = charts
		}
	}
	if len(words) == 0 {
		return x.guessCRDOwner(groupWords(group))
	}
	if ref, ok := x.releaseByChart("", words...); ok {
		return ref, true
	}
	return x.layerNamed(words)
}

// guessCRDOwner finds what is named after the group. A name that only contains the word
// does not count: the chart postgresql-ha does not define the kinds of
// postgresql.cnpg.io.
func (x *examiner) guessCRDOwner(words []string) (finding.Ref, bool) {
	for _, word := range words {
		for _, release := range x.snap.List(health.HelmReleaseKind, "").Objects {
			if namedAfter(field.Text(release.Object, "spec", "chart", "spec", "chart"), word) || namedAfter(release.GetName(), word) {
				return finding.RefOf(release), true
			}
		}
	}
	return x.layerNamed(words)
}

// namedAfter reports whether a chart or release has the word as its name, or is its
// operator.
func namedAfter(name, word string) bool {
	rest, found := strings.CutPrefix(name, word)
	return found && slices.Contains([]string{"", "-operator", "-crds", "-crd", "-controller", "-manager", "-stack"}, rest)
}

// layerNamed finds the Kustomization whose name contains one of the words.
func (x *examiner) layerNamed(words []string) (finding.Ref, bool) {
	for _, word := range words {
		for _, layer := range x.snap.List(health.KustomizationKind, "").Objects {
			if strings.Contains(layer.GetName(), word) {
				return finding.RefOf(layer), true
			}
		}
	}
	return finding.Ref{}, false
}

// groupWords are the words of a group name that identify its project:
// "postgresql.cnpg.io" belongs to cnpg, or to postgresql.
func groupWords(group string) []string {
	labels := strings.Split(group, ".")
	slices.Reverse(labels)
	return slices.DeleteFunc(labels, func(label string) bool {
		return len(label) < 4 || slices.Contains([]string{"toolkit", "apps", "networking", "security", "monitoring", "core", "x-k8s"}, label)
	})
}

// ownGroups are the groups of built-in kinds that look like custom ones (k8s.io/api
// v0.36); all groups without a dot are built in.
var ownGroups = map[string]bool{
	"admissionregistration.k8s.io": true, "apiextensions.k8s.io": true, "apiregistration.k8s.io": true,
	"authentication.k8s.io": true, "authorization.k8s.io": true, "certificates.k8s.io": true,
	"coordination.k8s.io": true, "discovery.k8s.io": true, "events.k8s.io": true,
	"flowcontrol.apiserver.k8s.io": true, "internal.apiserver.k8s.io": true, "networking.k8s.io": true,
	"node.k8s.io": true, "rbac.authorization.k8s.io": true, "resource.k8s.io": true,
	"scheduling.k8s.io": true, "storage.k8s.io": true, "storagemigration.k8s.io": true,
}

// isCustomGroup reports whether the kinds of a group are defined by
// CustomResourceDefinitions.
func isCustomGroup(group string) bool { return strings.Contains(group, ".") && !ownGroups[group] }
