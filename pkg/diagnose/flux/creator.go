package flux

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// ReleaseByChart finds the HelmRelease whose chart or name matches one of the words, an
// earlier word before a later one; with a namespace, only there.
func ReleaseByChart(x *engine.Context, namespace string, words ...string) (object.Ref, bool) {
	releases := x.Snap.List(object.HelmReleaseKind, namespace).Objects
	for _, word := range words {
		for _, release := range releases {
			chart := object.Text(release.Object, "spec", "chart", "spec", "chart")
			if chart == word || release.GetName() == word {
				return object.RefOf(release), true
			}
		}
		for _, release := range releases {
			chart := object.Text(release.Object, "spec", "chart", "spec", "chart")
			if strings.Contains(chart, word) || strings.Contains(release.GetName(), word) {
				return object.RefOf(release), true
			}
		}
	}
	return object.Ref{}, false
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

// CRDOwner finds the release or layer that should install the CustomResourceDefinitions
// of a group.
func CRDOwner(x *engine.Context, group string) (object.Ref, bool) {
	words := definingCharts[group]
	for suffix, charts := range definingCharts {
		if len(words) == 0 && strings.HasSuffix(group, "."+suffix) {
			words = charts
		}
	}
	if len(words) == 0 {
		return guessCRDOwner(x, GroupWords(group))
	}
	if ref, ok := ReleaseByChart(x, "", words...); ok {
		return ref, true
	}
	return layerNamed(x, words)
}

// guessCRDOwner finds what is named after the group. A name that only contains the word
// does not count: the chart postgresql-ha does not define the kinds of
// postgresql.cnpg.io.
func guessCRDOwner(x *engine.Context, words []string) (object.Ref, bool) {
	for _, word := range words {
		for _, release := range x.Snap.List(object.HelmReleaseKind, "").Objects {
			if namedAfter(object.Text(release.Object, "spec", "chart", "spec", "chart"), word) || namedAfter(release.GetName(), word) {
				return object.RefOf(release), true
			}
		}
	}
	return layerNamed(x, words)
}

// namedAfter reports whether a chart or release has the word as its name, or is its
// operator.
func namedAfter(name, word string) bool {
	rest, found := strings.CutPrefix(name, word)
	return found && slices.Contains([]string{"", "-operator", "-crds", "-crd", "-controller", "-manager", "-stack"}, rest)
}

// layerNamed finds the Kustomization whose name contains one of the words.
func layerNamed(x *engine.Context, words []string) (object.Ref, bool) {
	for _, word := range words {
		for _, layer := range x.Snap.List(object.KustomizationKind, "").Objects {
			if strings.Contains(layer.GetName(), word) {
				return object.RefOf(layer), true
			}
		}
	}
	return object.Ref{}, false
}

// GroupWords are the words of a group name that identify its project:
// "postgresql.cnpg.io" belongs to cnpg, or to postgresql.
func GroupWords(group string) []string {
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

// IsCustomGroup reports whether the kinds of a group are defined by
// CustomResourceDefinitions.
func IsCustomGroup(group string) bool { return strings.Contains(group, ".") && !ownGroups[group] }

// CreatorOf finds what should have created an object that does not exist: the object
// that names it, or the Helm release that it is named after.
func CreatorOf(x *engine.Context, ref object.Ref) (object.Ref, bool) {
	if ref.Kind == "Secret" {
		for _, certificate := range x.Snap.List(object.CertificateKind, ref.Namespace).Objects {
			if object.Text(certificate.Object, "spec", "secretName") == ref.Name {
				return object.RefOf(certificate), true
			}
		}
	}
	id := ref.Namespace + "_" + ref.Name + "_" + ref.GroupKind().Group + "_" + ref.Kind
	for _, layer := range layersOf(x, ref.Namespace) {
		for _, entry := range object.List(layer.Object, "status", "inventory", "entries") {
			if object.Text(entry, "id") == id {
				return object.RefOf(layer), true
			}
		}
	}
	return releaseOf(x, ref)
}

// layersOf are the Kustomizations that may have applied an object in a namespace: those
// of its tenant, or all if it belongs to none.
func layersOf(x *engine.Context, namespace string) []*unstructured.Unstructured {
	var layers []*unstructured.Unstructured
	for _, t := range x.Tenants {
		if !slices.Contains(t.Namespaces, namespace) {
			continue
		}
		for _, layer := range t.Layers {
			if obj := x.Snap.Lookup(layer.Ref).Object; obj != nil {
				layers = append(layers, obj)
			}
		}
		return layers
	}
	return x.Snap.List(object.KustomizationKind, "").Objects
}

// releaseOf finds the HelmRelease whose name is the beginning of the name of the object, as
// in most charts ("postgres-ha" creates "postgres-ha-postgresql-ha-postgresql"); the longest
// name matches best.
func releaseOf(x *engine.Context, ref object.Ref) (object.Ref, bool) {
	for _, namespace := range []string{ref.Namespace, ""} { // most are in their target namespace
		if release, ok := releaseIn(x, namespace, ref); ok {
			return release, true
		}
	}
	return object.Ref{}, false
}

func releaseIn(x *engine.Context, namespace string, ref object.Ref) (object.Ref, bool) {
	best, length := object.Ref{}, 0
	for _, release := range x.Snap.List(object.HelmReleaseKind, namespace).Objects {
		name, namespace := ReleaseName(release)
		fits := namespace == ref.Namespace && (ref.Name == name || strings.HasPrefix(ref.Name, name+"-"))
		if fits && len(name) > length {
			best, length = object.RefOf(release), len(name)
		}
	}
	return best, length > 0
}

// ReleaseName is the name and namespace of the release in Helm
// (helm-controller api v2, GetReleaseName and GetReleaseNamespace).
func ReleaseName(release *unstructured.Unstructured) (name, namespace string) {
	namespace, name = object.Text(release.Object, "spec", "targetNamespace"), release.GetName()
	if namespace != "" {
		name = namespace + "-" + name
	} else {
		namespace = release.GetNamespace()
	}
	if own := object.Text(release.Object, "spec", "releaseName"); own != "" {
		name = own
	}
	return name, namespace
}

// KnownNotReady reports whether an object is known not to be ready.
func KnownNotReady(x *engine.Context, ref object.Ref) bool {
	status := x.Health.Of(ref).Status
	return status != health.Ready && status != health.Unknown
}

// RecreateFixes are how to create an object again.
func RecreateFixes(x *engine.Context, p engine.ConfigSource, creator object.Ref, known bool) []finding.Fix {
	look := finding.Fix{
		Text:    fmt.Sprintf("Create %s", p),
		Command: escape.Command("kubectl get %s -n %s", object.PluralOf(p.Ref.Kind), p.Ref.Namespace),
	}
	if !known {
		return []finding.Fix{look}
	}
	fix := finding.Fix{Text: "Let " + creator.String() + " create it again"}
	switch creator.GroupKind() {
	case object.HelmReleaseKind:
		fix.Command = escape.Command("flux reconcile helmrelease %s -n %s --force", creator.Name, creator.Namespace)
	case object.KustomizationKind:
		fix.Command = escape.Command("flux reconcile kustomization %s -n %s", creator.Name, creator.Namespace)
	case object.CertificateKind:
		fix.Command = escape.Command("kubectl describe certificate %s -n %s", creator.Name, creator.Namespace)
	case object.DeploymentKind:
		fix = finding.Fix{Text: "Read in the log why " + creator.String() + " does not create it", Command: engine.LogsOf(creator)}
	}
	return []finding.Fix{fix}
}

// FailingCreator is what should have created an object that does not exist, if it is not
// ready itself and is not the object that references it.
func FailingCreator(x *engine.Context, ref, dependent object.Ref) (object.Ref, bool) {
	creator, known := CreatorOf(x, ref)
	return creator, known && !creator.Same(dependent) && KnownNotReady(x, creator)
}
