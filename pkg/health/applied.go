package health

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// AppliedBy is the layer that applies an object, by the labels that
// kustomize-controller sets on all objects that it applies (kustomize-controller v1.9,
// ssa.ResourceManager.SetOwnerLabels). Without these labels, it has no name.
func AppliedBy(obj *unstructured.Unstructured) finding.Ref {
	labels := obj.GetLabels()
	return finding.Ref{
		APIVersion: KustomizationKind.Group + "/v1", Kind: KustomizationKind.Kind,
		Namespace: labels["kustomize.toolkit.fluxcd.io/namespace"], Name: labels["kustomize.toolkit.fluxcd.io/name"],
	}
}
