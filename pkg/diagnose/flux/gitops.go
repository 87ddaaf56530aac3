package flux

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// File is where in the GitOps tree to change the setting of the object, as far as its
// labels show: in the overlay of the Kustomization that applied it, or in the values of
// the HelmRelease that installed it. The object may be nil.
func File(x *engine.Context, obj *unstructured.Unstructured, setting string) string {
	if obj == nil {
		return ""
	}
	if folder := x.DefinedIn(obj); folder != "" {
		return folder + "/kustomization.yaml: " + setting
	}
	release := Installer(x, obj)
	if release == nil {
		return ""
	}
	where := fmt.Sprintf("%s, spec.values: the chart's value for %s", object.RefOf(release), setting)
	if folder := x.DefinedIn(release); folder != "" {
		where = folder + ": " + where
	}
	return where
}

// Installer is the HelmRelease that installed the object; nil when none did.
func Installer(x *engine.Context, obj *unstructured.Unstructured) *unstructured.Unstructured {
	return x.Snap.Lookup(health.ReleasedBy(obj)).Object
}

// ApplyCommand is the command that makes Flux apply a change from Git.
func ApplyCommand(x *engine.Context, obj *unstructured.Unstructured) string {
	if obj == nil {
		return ""
	}
	if release := Installer(x, obj); release != nil {
		obj = release
	}
	layer := health.AppliedBy(obj)
	if layer.Name == "" || layer.Namespace == "" {
		return ""
	}
	return escape.Command("flux reconcile kustomization %s -n %s --with-source", layer.Name, layer.Namespace)
}
