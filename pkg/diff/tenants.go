package diff

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant/selection"
)

// owners are the tenants of the cluster with the tree applied, and which of them are selected.
type owners struct {
	// layers are the tenants that own layers, by layer; a shared one has none.
	layers map[object.Key]string
	all    bool
	names  map[string]bool
	// namespaces are those of the selected tenants.
	namespaces map[string]bool
}

// tenantKinds are the kinds that tenants are discovered from.
var tenantKinds = []schema.GroupKind{
	object.KustomizationKind, object.HelmReleaseKind, object.NamespaceKind, object.DeploymentKind, object.StatefulSetKind,
}

// tenants discovers the tenants of the cluster and of the tree.
func (p *Plan) tenants(live *snapshot.Snapshot, names []string) (*owners, error) {
	merged := snapshot.Join(live, p.applied())
	found := tenant.Discover(merged)
	o := &owners{layers: map[object.Key]string{}, all: len(names) == 0, names: map[string]bool{}, namespaces: map[string]bool{}}
	for _, t := range found {
		for _, l := range t.Layers {
			if !l.Shared {
				o.layers[l.Ref.Key()] = t.Name
			}
		}
	}
	for _, name := range names {
		t, ok := tenant.Find(found, name)
		if !ok {
			return nil, selection.NotFound(name, found, merged)
		}
		o.names[t.Name] = true
		for _, namespace := range t.Namespaces {
			o.namespaces[namespace] = true
		}
	}
	return o, nil
}

// applied is a snapshot of the tree's objects, with the inventories that its layers will have.
func (p *Plan) applied() *snapshot.Snapshot {
	b := snapshot.NewBuilder()
	for _, gk := range tenantKinds {
		var objects []*unstructured.Unstructured
		for _, l := range p.layers {
			for _, i := range l.items {
				if i.desired == nil || i.ref.GroupKind() != gk {
					continue
				}
				obj := i.desired.DeepCopy()
				if layer := p.layer(i.ref); gk == object.KustomizationKind && layer != nil {
					layer.setInventory(obj)
				}
				objects = append(objects, obj)
			}
		}
		if len(objects) > 0 {
			b.Add(snapshot.Request{Group: gk.Group, Kind: gk.Kind, Namespace: notRequested}, objects...)
		}
	}
	return b.Build(snapshot.Meta{})
}

// notRequested is no namespace: the objects of a tree are no answer to a request.
const notRequested = "-"

// setInventory sets the inventory that a Kustomization has after it was applied.
func (l *layerPlan) setInventory(obj *unstructured.Unstructured) {
	var entries []any
	for _, i := range l.items {
		if i.desired == nil {
			continue
		}
		gvk := i.desired.GroupVersionKind()
		entries = append(entries, map[string]any{
			"id": strings.Join([]string{i.ref.Namespace, strings.ReplaceAll(i.ref.Name, ":", "__"), gvk.Group, gvk.Kind}, "_"), "v": gvk.Version,
		})
	}
	obj.Object["status"] = map[string]any{"inventory": map[string]any{"entries": entries}}
}

// selects reports whether an object of a layer belongs to a selected tenant.
func (o *owners) selects(l *layerPlan, ref object.Ref) bool {
	switch {
	case o.all, o.names[l.Tenant], o.namespaces[ref.Namespace] && ref.Namespace != "":
		return true
	case ref.GroupKind() == object.NamespaceKind:
		return o.namespaces[ref.Name]
	case ref.GroupKind() == object.KustomizationKind:
		return o.names[o.layers[ref.Key()]]
	}
	return false
}

// shows reports whether a layer is part of the report.
func (o *owners) shows(l *layerPlan) bool {
	switch {
	case o.all, o.names[l.Tenant], len(l.items) > 0:
		return true
	case l.Problem != "":
		return l.Tenant == ""
	}
	return false
}
