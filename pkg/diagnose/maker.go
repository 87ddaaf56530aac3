package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// creatorOf finds what should have created an object that does not exist: the object
// that names it, or the Helm release that it is named after.
func (x *examiner) creatorOf(ref finding.Ref) (finding.Ref, bool) {
	if ref.Kind == "Secret" {
		for _, certificate := range x.snap.List(health.CertificateKind, ref.Namespace).Objects {
			if field.Text(certificate.Object, "spec", "secretName") == ref.Name {
				return finding.RefOf(certificate), true
			}
		}
	}
	id := ref.Namespace + "_" + ref.Name + "_" + ref.GroupKind().Group + "_" + ref.Kind
	for _, layer := range x.layersOf(ref.Namespace) {
		for _, entry := range field.List(layer.Object, "status", "inventory", "entries") {
			if field.Text(entry, "id") == id {
				return finding.RefOf(layer), true
			}
		}
	}
	return x.releaseOf(ref)
}

// layersOf are the Kustomizations that may have applied an object in a namespace: those
// of its tenant, or all if it belongs to none.
func (x *examiner) layersOf(namespace string) []*unstructured.Unstructured {
	var layers []*unstructured.Unstructured
	for _, t := range x.tenants {
		if !slices.Contains(t.Namespaces, namespace) {
			continue
		}
		for _, layer := range t.Layers {
			if obj := x.snap.Lookup(layer.Ref).Object; obj != nil {
				layers = append(layers, obj)
			}
		}
		return layers
	}
	return x.snap.List(health.KustomizationKind, "").Objects
}

// releaseOf finds the HelmRelease whose name is the beginning of the name of the
// object, as charts do it ("postgres-ha" creates
// "postgres-ha-postgresql-ha-postgresql"); the longest name matches best.
func (x *examiner) releaseOf(ref finding.Ref) (finding.Ref, bool) {
	for _, namespace := range []string{ref.Namespace, ""} { // most stand where they install
		if release, ok := x.releaseIn(namespace, ref); ok {
			return release, true
		}
	}
	return finding.Ref{}, false
}

func (x *examiner) releaseIn(namespace string, ref finding.Ref) (finding.Ref, bool) {
	best, length := finding.Ref{}, 0
	for _, release := range x.snap.List(health.HelmReleaseKind, namespace).Objects {
		name, namespace := releaseName(release)
		fits := namespace == ref.Namespace && (ref.Name == name || strings.HasPrefix(ref.Name, name+"-"))
		if fits && len(name) > length {
			best, length = finding.RefOf(release), len(name)
		}
	}
	return best, length > 0
}

// releaseName is the name and namespace of the release in Helm
// (helm-controller api v2, GetReleaseName and GetReleaseNamespace).
func releaseName(release *unstructured.Unstructured) (name, namespace string) {
	namespace, name = field.Text(release.Object, "spec", "targetNamespace"), release.GetName()
	if namespace != "" {
		name = namespace + "-" + name
	} else {
		namespace = release.GetNamespace()
	}
	if own := field.Text(release.Object, "spec", "releaseName"); own != "" {
		name = own
	}
	return name, namespace
}

// knownNotReady reports whether an object is known not to be ready.
func (x *examiner) knownNotReady(ref finding.Ref) bool {
	status := x.health.Of(ref).Status
	return status != health.Ready && status != health.Unknown
}

// recreateFixes are how to create an object again.
func (x *examiner) recreateFixes(p part, maker finding.Ref, known bool) []finding.Fix {
	look := finding.Fix{
		Text:    fmt.Sprintf("Create %s", p),
		Command: escape.Command("kubectl get %s -n %s", finding.PluralOf(p.ref.Kind), p.ref.Namespace),
	}
	if !known {
		return []finding.Fix{look}
	}
	fix := finding.Fix{Text: "Let " + maker.String() + " create it again"}
	switch maker.GroupKind() {
	case health.HelmReleaseKind:
		fix.Command = escape.Command("flux reconcile helmrelease %s -n %s --force", maker.Name, maker.Namespace)
	case health.KustomizationKind:
		fix.Command = escape.Command("flux reconcile kustomization %s -n %s", maker.Name, maker.Namespace)
	case health.CertificateKind:
		fix.Command = escape.Command("kubectl describe certificate %s -n %s", maker.Name, maker.Namespace)
	case health.DeploymentKind:
		fix = finding.Fix{Text: "Read in the log why " + maker.String() + " does not create it", Command: logsOf(maker)}
	}
	return []finding.Fix{fix}
}

// failingCreator is what should have created an object that does not exist, if it is
// not ready itself and is not the object that asks.
func (x *examiner) failingCreator(ref, asks finding.Ref) (finding.Ref, bool) {
	maker, known := x.creatorOf(ref)
	return maker, known && !maker.Same(asks) && x.knownNotReady(maker)
}
