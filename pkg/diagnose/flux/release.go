package flux

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// Release is one HelmRelease under examination.
type Release struct {
	X      *engine.Context
	Obj    *unstructured.Unstructured
	Ready  object.Condition
	Result *engine.Result
}

// Target is the namespace that the release installs into.
func (r Release) Target() string {
	_, namespace := ReleaseName(r.Obj)
	return namespace
}

// Owns reports whether Helm installed the object with this release.
func (r Release) Owns(obj *unstructured.Unstructured) bool {
	name, namespace := ReleaseName(r.Obj)
	annotations := obj.GetAnnotations()
	if owner := annotations["meta.helm.sh/release-name"]; owner != "" {
		home := annotations["meta.helm.sh/release-namespace"]
		return owner == name && (home == "" || home == namespace)
	}
	return obj.GetLabels()["app.kubernetes.io/instance"] == name
}
