package diagnose

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// coverage are the objects of the tenant that it requires and that health checks need
// not cover: from the certificates to the database.
func (x *examiner) coverage(t tenant.Tenant) []finding.Ref {
	var refs []finding.Ref
	add := func(objects []*unstructured.Unstructured) {
		for _, obj := range objects {
			refs = addRef(refs, finding.RefOf(obj))
		}
	}
	for _, namespace := range t.Namespaces { // one that is being deleted takes no new objects
		if obj := x.snap.Lookup(coreRef(health.NamespaceKind.Kind, "", namespace)).Object; obj != nil && obj.GetDeletionTimestamp() != nil {
			add([]*unstructured.Unstructured{obj})
		}
	}
	for _, namespace := range t.Namespaces {
		add(x.snap.List(health.CertificateKind, namespace).Objects)
	}
	for _, ref := range x.ingressPath(t) {
		refs = addRef(refs, ref)
	}
	for _, namespace := range t.Namespaces {
		add(x.snap.List(health.StatefulSetKind, namespace).Objects)
		add(x.terminatingClaims(namespace))
	}
	for _, ref := range x.controllersOf(t) {
		refs = addRef(refs, ref)
	}
	return refs
}

// terminatingClaims are the PersistentVolumeClaims of a namespace that are being
// deleted, if claims were read: while pods use a claim, everything looks healthy, but
// its data may be deleted with the last pod. No request is made for this in a healthy
// tenant.
func (x *examiner) terminatingClaims(namespace string) (found []*unstructured.Unstructured) {
	for _, claim := range x.known.List(claimKind, namespace).Objects {
		if claim.GetDeletionTimestamp() != nil {
			found = append(found, claim)
		}
	}
	return found
}

// ingress are the Services through which clients outside of the cluster connect: load
// balancers in the namespace, and those of the pods that serve its Gateways.
func (x *examiner) ingress(namespace string) []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	for _, obj := range x.snap.List(health.ServiceKind, namespace).Objects {
		if field.Text(obj.Object, "spec", "type") == "LoadBalancer" {
			found = append(found, obj)
		}
	}
	for _, obj := range x.snap.List(health.GatewayKind, namespace).Objects {
		for _, workload := range (gateway{x: x, obj: obj}).serving() {
			for _, service := range x.snap.List(health.ServiceKind, workload.GetNamespace()).Objects {
				selector := selectorOf(service)
				if len(selector) > 0 && matches(selector, podLabels(workload)) && !slices.Contains(found, service) {
					found = append(found, service)
				}
			}
		}
	}
	return found
}
