package diagnose

import (
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// deletedObject reports an object that a layer of the tenant applied and that no longer
// exists: it was deleted, and Flux has not reconciled the layer since.
func (x *examiner) deletedObject(t tenant.Tenant, ref finding.Ref) (foundCause, bool) {
	if x.snap.Lookup(ref).Presence != snapshot.Absent {
		return foundCause{}, false
	}
	for _, layer := range t.Layers {
		obj := x.snap.Lookup(layer.Ref).Object
		verdict := x.health.Of(layer.Ref)
		if obj == nil || verdict.Status != health.Ready || !slices.ContainsFunc(health.Inventory(obj), ref.Same) {
			continue
		}
		f := finding.Finding{
			Code: codeVanished, Ref: ref, Reason: "NotFound", Severity: finding.Critical,
			Message:  fmt.Sprintf("%s no longer exists, although %s applied it", ref, layer.Ref),
			Evidence: []finding.Evidence{inventoryEntry(obj, ref, verdict.Since), absent(ref)},
			Fixes:    []finding.Fix{kustomization{obj: obj}.retry("Apply it again")},
		}
		return foundCause{Finding: f, path: []Step{{Ref: layer.Ref, Status: verdict.Status}, {Ref: ref, Status: health.Failing, Note: "NotFound"}}}, true
	}
	return foundCause{}, false
}

// deletedSince reports an object that another one references and that a layer of its
// tenant applied: the reference is correct.
func (x *examiner) deletedSince(ref finding.Ref) (finding.Finding, bool) {
	for _, t := range x.tenants {
		if !slices.Contains(t.Namespaces, ref.Namespace) {
			continue
		}
		if gone, ok := x.deletedObject(t, ref); ok {
			return gone.Finding, true
		}
	}
	return finding.Finding{}, false
}

// deletedObjects are the objects in the namespaces of a tenant that its own layers
// applied and that do not exist. Only kinds that are listed for the tenant anyway are
// checked.
func (x *examiner) deletedObjects(t tenant.Tenant) []foundCause {
	var all []foundCause
	for _, layer := range t.Layers {
		obj := x.snap.Lookup(layer.Ref).Object
		if layer.Shared || obj == nil {
			continue
		}
		for _, ref := range health.Inventory(obj) {
			if !slices.Contains(ingressKinds, ref.GroupKind()) || !slices.Contains(t.Namespaces, ref.Namespace) {
				continue
			}
			if gone, ok := x.deletedObject(t, ref); ok {
				gone.unwatched = x.unwatched(t, ref)
				all = append(all, gone)
			}
		}
	}
	return all
}

// ingressKinds are the kinds that clients of a tenant require, and that are listed in
// the namespaces of each tenant.
var ingressKinds = []schema.GroupKind{health.GatewayKind, health.VirtualServiceKind, health.ServiceKind, health.CertificateKind, health.DeploymentKind, health.StatefulSetKind}

// inventoryEntry is the entry of an object in the inventory of a layer.
func inventoryEntry(layer *unstructured.Unstructured, ref finding.Ref, at time.Time) finding.Evidence {
	for i, entry := range field.List(layer.Object, "status", "inventory", "entries") {
		id := field.Text(entry, "id")
		if listed, ok := health.ParseInventoryID(id, field.Text(entry, "v")); ok && listed.Same(ref) {
			return evidence(layer, fmt.Sprintf("status.inventory.entries[%d].id", i), id, at)
		}
	}
	return finding.Evidence{}
}
