package tenant

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// Dependency is that one object of a chain requires another, as indices of the chain.
type Dependency struct{ Object, Requires int }

// Dependencies are those among the objects of a chain, in its order: the layers that a layer
// waits for, what applied or installed an object, the issuer of a certificate, what a Gateway
// serves. An object that was not read has none, and a source has none: the layer that applies its
// object waits for it.
func Dependencies(snap *snapshot.Snapshot, s Status) []Dependency {
	c := &dependencies{snap: snap, index: map[object.Key]int{}, objects: make([]*unstructured.Unstructured, len(s.Chain))}
	for i, link := range s.Chain {
		if link.Ref.Name != "" {
			c.index[link.Ref.Key()] = i
			c.objects[i] = snap.Lookup(link.Ref).Object
		}
	}
	var found []Dependency
	for i, obj := range c.objects {
		if obj == nil || s.Chain[i].Section == Sources {
			continue
		}
		required := c.required(obj)
		slices.Sort(required)
		for _, on := range slices.Compact(required) {
			if on != i {
				found = append(found, Dependency{Object: i, Requires: on})
			}
		}
	}
	return found
}

// dependencies finds what the objects of a chain require.
type dependencies struct {
	snap    *snapshot.Snapshot
	index   map[object.Key]int
	objects []*unstructured.Unstructured // those of the chain, nil for what was not read
}

// required are the objects of the chain that an object requires. What applied it is one of them
// unless there is a closer one: all objects of a tenant are applied by a layer.
func (c *dependencies) required(obj *unstructured.Unstructured) []int {
	var found []int
	switch obj.GroupVersionKind().GroupKind() {
	case object.KustomizationKind:
		return c.first(health.Dependencies(obj), ownerOf(c.snap, obj), []object.Ref{health.SourceOf(obj)})
	case object.HelmReleaseKind:
		return append(c.first(health.Dependencies(obj)), c.first([]object.Ref{health.AppliedBy(obj)})...)
	case object.CertificateKind:
		found = c.first([]object.Ref{issuerOf(obj)})
	case object.IssuerKind, object.ClusterIssuerKind:
		secret := object.Text(obj.Object, "spec", "ca", "secretName")
		found = c.matching(object.CertificateKind, func(certificate *unstructured.Unstructured) bool {
			near := obj.GetNamespace() == "" || certificate.GetNamespace() == obj.GetNamespace()
			return secret != "" && near && object.Text(certificate.Object, "spec", "secretName") == secret
		})
	case object.GatewayKind:
		found = c.ofGateway(obj)
	case object.VirtualServiceKind:
		found = c.matching(object.GatewayKind, func(gateway *unstructured.Unstructured) bool { return isBound(obj, gateway) })
	}
	if len(found) > 0 {
		return found
	}
	return c.first([]object.Ref{health.ReleasedBy(obj)}, []object.Ref{health.AppliedBy(obj)})
}

// ofGateway are the Services of the pods that serve a Gateway, and its certificates.
func (c *dependencies) ofGateway(gateway *unstructured.Unstructured) []int {
	found := c.matching(object.ServiceKind, func(service *unstructured.Unstructured) bool {
		return selectorIncludes(object.Map(service.Object, "spec", "selector"), object.Map(gateway.Object, "spec", "selector"))
	})
	for _, server := range object.List(gateway.Object, "spec", "servers") {
		found = append(found, c.matching(object.CertificateKind, func(certificate *unstructured.Unstructured) bool {
			return slices.Contains(credentialsOf(server), object.Text(certificate.Object, "spec", "secretName"))
		})...)
	}
	return found
}

// first are the indices of the first of the lists that has objects of the chain.
func (c *dependencies) first(lists ...[]object.Ref) []int {
	for _, refs := range lists {
		var found []int
		for _, ref := range refs {
			if i, ok := c.index[ref.Key()]; ok && ref.Name != "" {
				found = append(found, i)
			}
		}
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

// matching are the indices of the objects of a kind that match.
func (c *dependencies) matching(kind schema.GroupKind, matches func(*unstructured.Unstructured) bool) []int {
	var found []int
	for i, obj := range c.objects {
		if obj != nil && obj.GroupVersionKind().GroupKind() == kind && matches(obj) {
			found = append(found, i)
		}
	}
	return found
}
