// Package flux provides facts about Flux that several families of explainers need:
// which controller reconciles an object, which layer or release created it, and
// how to request a reconciliation.
package flux

import (
	"cmp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// controller is a program that acts on objects of some kinds. While it is down, their
// status does not change, and still reports that they are ready.
type controller struct {
	// name is the name of its Deployment in the upstream manifests and charts.
	name string
	// kinds are the kinds of the objects that need it.
	kinds []schema.GroupKind
	// lease is the beginning of the name of its Lease, with suffix if other Leases
	// have the same beginning; empty if it has no suitable Lease.
	lease, suffix string
}

// controllerTable has the controllers that tenants need (flux 2.8, manifests;
// cert-manager 1.21, deploy/charts/cert-manager and pkg/leader; istio 1.28,
// manifests/charts/istio-control/istio-discovery).
var controllerTable = []controller{
	{"source-controller", []schema.GroupKind{object.KustomizationKind, object.HelmReleaseKind, object.GitRepositoryKind, object.OCIRepositoryKind, object.BucketKind}, "source-controller", "-leader-election"},
	{"kustomize-controller", []schema.GroupKind{object.KustomizationKind}, "kustomize-controller", "-leader-election"},
	{"helm-controller", []schema.GroupKind{object.HelmReleaseKind}, "helm-controller", "-leader-election"},
	{"cert-manager", []schema.GroupKind{object.CertificateKind}, "cert-manager-controller", ""},
	{"cert-manager-webhook", []schema.GroupKind{object.CertificateKind}, "", ""},
	{"cert-manager-cainjector", []schema.GroupKind{object.CertificateKind}, "cert-manager-cainjector-leader-election", ""},
	{"istiod", []schema.GroupKind{object.GatewayKind, object.VirtualServiceKind}, "", ""},
}

// componentOf are the component labels of the Deployments of cert-manager, whatever the
// name of the Helm release.
var componentOf = map[string]string{"cert-manager": "controller", "cert-manager-webhook": "webhook", "cert-manager-cainjector": "cainjector"}

// runs reports whether the Deployment runs the controller.
func (c controller) runs(deployment *unstructured.Unstructured) bool {
	labels := engine.PodLabels(deployment)
	if component := componentOf[c.name]; component != "" {
		return deployment.GetName() == c.name || ofCertManager(labels) && labels["app.kubernetes.io/component"] == component
	}
	if c.name == "istiod" {
		return deployment.GetName() == c.name || labels["app"] == c.name
	}
	return deployment.GetName() == c.name || labels["app"] == c.name && deployment.GetLabels()["app.kubernetes.io/part-of"] == "flux"
}

// ofCertManager reports whether the labels are those that the chart and manifests of
// cert-manager set on pods.
func ofCertManager(labels map[string]string) bool {
	return labels["app.kubernetes.io/name"] == "cert-manager" || labels["app.kubernetes.io/instance"] == "cert-manager" ||
		strings.HasPrefix(labels["helm.sh/chart"], "cert-manager-")
}

// IsController reports whether a Deployment runs a controller of the table: such a
// Deployment should not be scaled to zero.
func IsController(deployment *unstructured.Unstructured) bool {
	if deployment.GetKind() != object.DeploymentKind.Kind {
		return false
	}
	return slices.ContainsFunc(controllerTable, func(c controller) bool { return c.runs(deployment) })
}

// controllerState is what runs a controller: its Deployments, and the most recently
// renewed Lease of the controller or its shards; nil if there is none.
type controllerState struct {
	deployments []*unstructured.Unstructured
	lease       *unstructured.Unstructured
}

// controllerStateOf finds what runs a controller, for all controllers in one pass.
func controllerStateOf(x *engine.Context, c controller) controllerState {
	return engine.Memoize(x, runningKey{}, func() map[string]controllerState { return findControllers(x) })[c.name]
}

// runningKey is the key of what runs each controller, by its name.
type runningKey struct{}

// findControllers finds the Deployments and Leases of all controllers.
func findControllers(x *engine.Context) map[string]controllerState {
	found := map[string]controllerState{}
	for _, obj := range x.Snap.List(object.DeploymentKind, "").Objects {
		for _, c := range controllerTable {
			if c.runs(obj) {
				r := found[c.name]
				r.deployments = append(r.deployments, obj)
				found[c.name] = r
			}
		}
	}
	for _, lease := range x.Snap.List(object.LeaseKind, "").Objects {
		renewed := object.Time(lease.Object, "spec", "renewTime")
		for _, c := range controllerTable {
			r := found[c.name]
			if c.ownsLease(lease) && !renewed.IsZero() && (r.lease == nil || renewed.After(object.Time(r.lease.Object, "spec", "renewTime"))) {
				r.lease = lease
				found[c.name] = r
			}
		}
	}
	return found
}

// ControllersOf are the objects to examine for the controllers that the layers of a
// tenant, or the objects in its namespaces, need and that are known not to work: the
// Deployment, or the Lease if the Deployment is ready and the Lease is not renewed.
func ControllersOf(x *engine.Context, t tenant.Tenant) []object.Ref {
	return controllersFor(x, func(kind schema.GroupKind) []*unstructured.Unstructured {
		var found []*unstructured.Unstructured
		for _, layer := range t.Layers {
			if obj := x.Snap.Lookup(layer.Ref).Object; obj != nil && layer.Ref.GroupKind() == kind {
				found = append(found, obj)
			}
		}
		for _, namespace := range t.Namespaces {
			found = append(found, x.Snap.List(kind, namespace).Objects...)
		}
		return found
	})
}

func controllersFor(x *engine.Context, objects func(schema.GroupKind) []*unstructured.Unstructured) []object.Ref {
	var refs []object.Ref
	for _, c := range controllerTable {
		var needing []*unstructured.Unstructured
		for _, kind := range c.kinds {
			needing = append(needing, objects(kind)...)
		}
		if len(needing) > 0 {
			refs = append(refs, notWorking(x, c, needing)...)
		}
	}
	return refs
}

// notWorking are the Deployments of the controller that are not ready, or its Lease if
// it is not renewed.
func notWorking(x *engine.Context, c controller, needing []*unstructured.Unstructured) []object.Ref {
	var refs []object.Ref
	deployments := slices.Clone(controllerStateOf(x, c).deployments)
	if c.name == "istiod" && len(deployments) > 1 {
		deployments = slices.DeleteFunc(deployments, func(d *unstructured.Unstructured) bool { return !revisionOf(x, d, needing) })
	}
	for _, obj := range deployments {
		if ref := object.RefOf(obj); KnownNotReady(x, ref) {
			refs = engine.AddRef(refs, ref)
		}
	}
	if lease := controllerStateOf(x, c).lease; len(refs) == 0 && lease != nil && Expired(x, lease) {
		refs = append(refs, object.RefOf(lease))
	}
	return refs
}

// revisionOf reports whether one of several istiods serves the namespaces of the
// objects: their label names its revision (istio.io/rev), by default "default".
func revisionOf(x *engine.Context, istiod *unstructured.Unstructured, needing []*unstructured.Unstructured) bool {
	revision := cmp.Or(istiod.GetLabels()["istio.io/rev"], engine.PodLabels(istiod)["istio.io/rev"], "default")
	return slices.ContainsFunc(needing, func(obj *unstructured.Unstructured) bool {
		wanted := "default"
		if namespace := x.Snap.Lookup(engine.CoreRef(object.NamespaceKind.Kind, "", obj.GetNamespace())).Object; namespace != nil {
			wanted = cmp.Or(namespace.GetLabels()["istio.io/rev"], wanted)
		}
		return wanted == revision
	})
}

// NewestLease is the most recently renewed Lease of the controller with that name, nil
// if there is none.
func NewestLease(x *engine.Context, name string) *unstructured.Unstructured {
	for _, c := range controllerTable {
		if c.name == name {
			return controllerStateOf(x, c).lease
		}
	}
	return nil
}

// ownsLease reports whether a Lease belongs to the controller.
func (c controller) ownsLease(lease *unstructured.Unstructured) bool {
	if c.lease == "" {
		return false
	}
	name := lease.GetName()
	return name == c.lease || c.suffix != "" && strings.HasPrefix(name, c.lease) && strings.Contains(name, c.suffix)
}

// Expired reports whether a Lease has not been renewed for much longer than its
// duration.
func Expired(x *engine.Context, lease *unstructured.Unstructured) bool {
	renewed := object.Time(lease.Object, "spec", "renewTime")
	return !renewed.IsZero() && x.Now.Sub(renewed) > health.LeaseTimeout
}

// controllerFor is the controller that acts on objects of an API group.
func controllerFor(kind schema.GroupKind) (controller, bool) {
	for _, c := range controllerTable {
		if c.kinds[len(c.kinds)-1].Group == kind.Group && c.kinds[0].Group == kind.Group || c.name == "source-controller" && kind.Group == object.GitRepositoryKind.Group {
			return c, true
		}
	}
	return controller{}, false
}

// CertManager returns the Deployment of a cert-manager component if it exists and is not
// ready.
func CertManager(x *engine.Context, component string) []object.Ref {
	var found []object.Ref
	for _, obj := range CertManagers(x, component) {
		if ref := object.RefOf(obj); x.Health.Of(ref).Status != health.Ready {
			found = append(found, ref)
		}
	}
	return found
}

// CertManagers are the Deployments of a component, by the labels that
// cert-manager's chart sets (v1.21, templates/_helpers.tpl).
func CertManagers(x *engine.Context, component string) []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	for _, obj := range x.Labelled("app.kubernetes.io/component", component) {
		if ofCertManager(engine.PodLabels(obj)) && obj.GetKind() == object.DeploymentKind.Kind {
			found = append(found, obj)
		}
	}
	return found
}
