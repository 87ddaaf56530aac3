// Package api has the rules about the API versions and schemas of objects: whether the versions
// of Flux and Kubernetes that will run serve them, and whether objects are valid.
package api

import (
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/flux/release"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

// Rules are all rules of the package.
var Rules = []*rule.Rule{removedAPI, deprecatedAPI, invalidObject}

// fluxOf is the version of Flux that applies a cluster: that of the options, of a FluxInstance or
// the installation in the tree, or the newest. The second result is false for the last.
func fluxOf(c *rule.Context) (version string, known bool) {
	if c.Flux != "" {
		return c.Flux, true
	}
	if c.FluxVersion != "" {
		return c.FluxVersion, true
	}
	for _, o := range c.OfKind(object.DeploymentKind) {
		if version := o.GetLabels()["app.kubernetes.io/version"]; rule.OfFlux(o) && version != "" {
			return version, true
		}
	}
	return release.Latest(), false
}

func kubernetesOf(c *rule.Context) string {
	if c.Kubernetes != "" {
		return c.Kubernetes
	}
	return rule.Kubernetes
}

// use is one place that names an API version.
type use struct {
	o     *cluster.Object
	field string
	kind  schema.GroupVersionKind
}

// uses are the places of an object that name API versions: its own, and those of health checks.
func uses(o *cluster.Object) []use {
	all := []use{{o, "apiVersion", o.GroupVersionKind()}}
	if o.Ref().GroupKind() != object.KustomizationKind {
		return all
	}
	for i, entry := range object.List(o.Unstructured.Object, "spec", "healthChecks") {
		kind := schema.FromAPIVersionAndKind(object.Text(entry, "apiVersion"), object.Text(entry, "kind"))
		all = append(all, use{o, "spec.healthChecks[" + itoa(i) + "].apiVersion", kind})
	}
	return all
}

// objects are the objects of a cluster, the hooks of its releases, and the Kustomizations at which
// it begins, which nothing in the tree applies.
func objects(c *rule.Context) []*cluster.Object {
	all := slices.Clone(c.Objects)
	for _, release := range c.Releases {
		all = append(all, release.Hooks...)
	}
	for _, k := range c.Kustomizations {
		if k.By == nil && k.Declared() && len(c.Find(object.KustomizationKind, k.GetNamespace(), k.GetName())) == 0 {
			all = append(all, k.Object)
		}
	}
	return all
}
