package diagnose

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/traffic"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// coverage are the objects of the tenant that it requires and that health checks need
// not cover: from the certificates to the database.
func coverage(x *engine.Context, t tenant.Tenant) []object.Ref {
	var refs []object.Ref
	add := func(objects []*unstructured.Unstructured) {
		for _, obj := range objects {
			refs = engine.AddRef(refs, object.RefOf(obj))
		}
	}
	for _, namespace := range t.Namespaces { // one that is being deleted accepts no new objects
		if obj := x.Snap.Lookup(engine.CoreRef(object.NamespaceKind.Kind, "", namespace)).Object; obj != nil && obj.GetDeletionTimestamp() != nil {
			add([]*unstructured.Unstructured{obj})
		}
	}
	for _, namespace := range t.Namespaces {
		add(x.Snap.List(object.CertificateKind, namespace).Objects)
	}
	for _, ref := range ingressPath(x, t) {
		refs = engine.AddRef(refs, ref)
	}
	for _, namespace := range t.Namespaces {
		add(x.Snap.List(object.StatefulSetKind, namespace).Objects)
		add(terminatingClaims(x, namespace))
	}
	for _, ref := range flux.ControllersOf(x, t) {
		refs = engine.AddRef(refs, ref)
	}
	return refs
}

// terminatingClaims are the PersistentVolumeClaims of a namespace that are being
// deleted, if claims were read: while pods use a claim, everything looks healthy, but
// its data may be deleted with the last pod. No request is made for this in a healthy
// tenant.
func terminatingClaims(x *engine.Context, namespace string) (found []*unstructured.Unstructured) {
	for _, claim := range x.Known.List(object.ClaimKind, namespace).Objects {
		if claim.GetDeletionTimestamp() != nil {
			found = append(found, claim)
		}
	}
	return found
}

// ingress are the Services through which clients outside of the cluster connect: load
// balancers in the namespace, and those of the pods that serve its Gateways.
func ingress(x *engine.Context, namespace string) []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	for _, obj := range x.Snap.List(object.ServiceKind, namespace).Objects {
		if object.Text(obj.Object, "spec", "type") == "LoadBalancer" {
			found = append(found, obj)
		}
	}
	for _, obj := range x.Snap.List(object.GatewayKind, namespace).Objects {
		for _, workload := range (traffic.Gateway{X: x, Obj: obj}).Serving() {
			for _, service := range x.Snap.List(object.ServiceKind, workload.GetNamespace()).Objects {
				selector := engine.SelectorOf(service)
				if len(selector) > 0 && engine.Matches(selector, engine.PodLabels(workload)) && !slices.Contains(found, service) {
					found = append(found, service)
				}
			}
		}
	}
	return found
}
