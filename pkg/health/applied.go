package health

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// AppliedBy is the layer that applies an object, by the labels that
// kustomize-controller sets on all objects that it applies (kustomize-controller v1.9,
// ssa.ResourceManager.SetOwnerLabels). Without these labels, it has no name.
func AppliedBy(obj *unstructured.Unstructured) object.Ref {
	labels := obj.GetLabels()
	return object.Ref{
		APIVersion: object.KustomizationKind.Group + "/v1", Kind: object.KustomizationKind.Kind,
		Namespace: labels["kustomize.toolkit.fluxcd.io/namespace"], Name: labels["kustomize.toolkit.fluxcd.io/name"],
	}
}

// ReleasedBy is the HelmRelease that installed an object, by the labels that helm-controller sets
// (helm-controller v1.6.1, internal/postrender/common_renderer.go). Without these labels, it has
// no name.
func ReleasedBy(obj *unstructured.Unstructured) object.Ref {
	labels := obj.GetLabels()
	return object.Ref{
		APIVersion: object.HelmReleaseKind.Group + "/v2", Kind: object.HelmReleaseKind.Kind,
		Namespace: labels["helm.toolkit.fluxcd.io/namespace"], Name: labels["helm.toolkit.fluxcd.io/name"],
	}
}
