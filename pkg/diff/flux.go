package diff

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// flux is the prefix of the labels and annotations by which kustomize-controller is controlled
// (kustomize-controller v1.9.6, api/v1/kustomization_types.go and apply, deleteObjects).
const flux = "kustomize.toolkit.fluxcd.io/"

// setting is a label or annotation with a value.
type setting struct{ key, value string }

// The settings of objects, and what they do.
var (
	// notApplied: the object is neither changed nor created.
	notApplied = []setting{{"reconcile", "disabled"}, {"ssa", "ignore"}}
	// createdOnly: the object is not changed if it exists.
	createdOnly = []setting{{"ssa", "ifnotpresent"}}
	// forced: the object is deleted and created again if an immutable field changes.
	forced = []setting{{"force", "enabled"}}
	// notPruned: the object is not deleted.
	notPruned = []setting{{"prune", "disabled"}, {"reconcile", "disabled"}, {"ssa", "ignore"}}
)

// find returns the first setting that an object has, as "key: value".
func find(obj *unstructured.Unstructured, settings []setting) (string, bool) {
	if obj == nil {
		return "", false
	}
	for _, s := range settings {
		for _, from := range []map[string]string{obj.GetLabels(), obj.GetAnnotations()} {
			if value := from[flux+s.key]; value != "" && strings.EqualFold(value, s.value) {
				return flux + s.key + ": " + value, true
			}
		}
	}
	return "", false
}

// setOwner sets the labels by which kustomize-controller finds the objects of a layer
// (fluxcd/pkg/ssa v0.76.2, SetOwnerLabels).
func setOwner(obj *unstructured.Unstructured, layer object.Ref) {
	labels := obj.GetLabels()
	if labels == nil {
		labels = map[string]string{}
	}
	labels[flux+"name"], labels[flux+"namespace"] = layer.Name, layer.Namespace
	obj.SetLabels(labels)
}

// isEncrypted reports whether SOPS has encrypted an object, or a value of a Secret that is
// generated from a file (kustomize-controller v1.9.6, internal/decryptor).
func isEncrypted(obj *unstructured.Unstructured) bool {
	if strings.EqualFold(obj.GetAnnotations()[flux+"decrypt"], "disabled") {
		return false
	}
	if _, ok := obj.Object["sops"]; ok {
		return true
	}
	if obj.GroupVersionKind().GroupKind() != object.SecretKind {
		return false
	}
	for _, field := range []string{"data", "stringData"} {
		for _, value := range object.Map(obj.Object, field) {
			if text, ok := value.(string); ok && strings.Contains(decoded(text, field), "ENC[AES256_GCM,") {
				return true
			}
		}
	}
	return false
}

// deletes reports whether the deletion of a layer deletes its objects, and if not, why
// (finalizerShouldDeleteResources).
func deletes(layer *unstructured.Unstructured) (bool, string) {
	spec := object.Map(layer.Object, "spec")
	policy := object.Text(spec, "deletionPolicy")
	switch {
	case object.Bool(spec, "suspend"):
		return false, "the layer is suspended, so its deletion deletes nothing else"
	case policy == "Delete", policy == "WaitForTermination":
		return true, ""
	case policy == "Orphan":
		return false, "the layer's spec.deletionPolicy is Orphan"
	case !object.Bool(spec, "prune"):
		return false, "the layer's spec.prune is false"
	}
	return true, ""
}
