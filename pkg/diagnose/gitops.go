package diagnose

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// file is where in the GitOps tree to change the setting of the object, as far as its
// labels show: in the overlay of the Kustomization that applied it, or in the values of
// the HelmRelease that installed it. The object may be nil.
func (x *examiner) file(obj *unstructured.Unstructured, setting string) string {
	if obj == nil {
		return ""
	}
	if folder := x.definedIn(obj); folder != "" {
		return folder + "/kustomization.yaml: " + setting
	}
	release := x.installer(obj)
	if release == nil {
		return ""
	}
	where := fmt.Sprintf("%s, spec.values: the chart's value for %s", finding.RefOf(release), setting)
	if folder := x.definedIn(release); folder != "" {
		where = folder + ": " + where
	}
	return where
}

// installer is the HelmRelease that installed the object, by the labels that
// helm-controller puts on it (v1.6, internal/postrender); nil when none did.
func (x *examiner) installer(obj *unstructured.Unstructured) *unstructured.Unstructured {
	labels := obj.GetLabels()
	return x.snap.Lookup(finding.Ref{
		APIVersion: health.HelmReleaseKind.Group + "/v2", Kind: health.HelmReleaseKind.Kind,
		Namespace: labels["helm.toolkit.fluxcd.io/namespace"], Name: labels["helm.toolkit.fluxcd.io/name"],
	}).Object
}

// applyNow is the command that makes Flux apply a change from Git.
func (x *examiner) applyNow(obj *unstructured.Unstructured) string {
	if obj == nil {
		return ""
	}
	if release := x.installer(obj); release != nil {
		obj = release
	}
	layer := health.AppliedBy(obj)
	if layer.Name == "" || layer.Namespace == "" {
		return ""
	}
	return escape.Command("flux reconcile kustomization %s -n %s --with-source", layer.Name, layer.Namespace)
}
