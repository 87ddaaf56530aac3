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

// deletedObject is an object that a layer of the tenant has applied, that was well,
// and that is not there any more: somebody took it away, and Flux has not looked
// since.
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

// deletedSince reports an object that another one names and that a layer of its
// tenant has applied: what names it is right.
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

// deletedObjects are the objects of a tenant's namespaces that its own layers have applied
// and that do not exist. Kinds are looked at that are listed for the tenant anyway.
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

// ingressKinds are what clients of a tenant can't do without, and is listed in each
// tenant's namespaces.
var ingressKinds = []schema.GroupKind{health.GatewayKind, health.VirtualServiceKind, health.ServiceKind, health.CertificateKind, health.DeploymentKind, health.StatefulSetKind}

// inventoryEntry is where a layer's inventory lists an object.
func inventoryEntry(layer *unstructured.Unstructured, ref finding.Ref, at time.Time) finding.Evidence {
	for i, entry := range field.List(layer.Object, "status", "inventory", "entries") {
		id := field.Text(entry, "id")
		if listed, ok := health.ParseInventoryID(id, field.Text(entry, "v")); ok && listed.Same(ref) {
			return evidence(layer, fmt.Sprintf("status.inventory.entries[%d].id", i), id, at)
		}
	}
	return finding.Evidence{}
}
