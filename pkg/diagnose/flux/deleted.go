package flux

import (
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// DeletedObject reports an object that a layer of the tenant applied and that no longer
// exists: it was deleted, and Flux has not reconciled the layer since.
func DeletedObject(x *engine.Context, t tenant.Tenant, ref object.Ref) (engine.FoundCause, bool) {
	if x.Snap.Lookup(ref).Presence != snapshot.Absent {
		return engine.FoundCause{}, false
	}
	for _, layer := range t.Layers {
		obj := x.Snap.Lookup(layer.Ref).Object
		verdict := x.Health.Of(layer.Ref)
		if obj == nil || verdict.Status != health.Ready || !slices.ContainsFunc(health.Inventory(obj), ref.Same) {
			continue
		}
		f := finding.Finding{
			Code: engine.CodeVanished, Ref: ref, Reason: "NotFound", Severity: finding.Critical,
			Message:  fmt.Sprintf("%s no longer exists, although %s applied it", ref, layer.Ref),
			Evidence: []finding.Evidence{inventoryEntry(obj, ref, verdict.Since), engine.Absent(ref)},
			Fixes:    []finding.Fix{Kustomization{Obj: obj}.Retry("Apply it again")},
		}
		return engine.FoundCause{Finding: f, Path: []engine.Step{{Ref: layer.Ref, Status: verdict.Status}, {Ref: ref, Status: health.Failing, Note: "NotFound"}}}, true
	}
	return engine.FoundCause{}, false
}

// DeletedSince reports an object that another one references and that a layer of its
// tenant applied: the reference is correct.
func DeletedSince(x *engine.Context, ref object.Ref) (finding.Finding, bool) {
	for _, t := range x.Tenants {
		if !slices.Contains(t.Namespaces, ref.Namespace) {
			continue
		}
		if gone, ok := DeletedObject(x, t, ref); ok {
			return gone.Finding, true
		}
	}
	return finding.Finding{}, false
}

// inventoryEntry is the entry of an object in the inventory of a layer.
func inventoryEntry(layer *unstructured.Unstructured, ref object.Ref, at time.Time) finding.Evidence {
	for i, entry := range object.List(layer.Object, "status", "inventory", "entries") {
		id := object.Text(entry, "id")
		if listed, ok := health.ParseInventoryID(id, object.Text(entry, "v")); ok && listed.Same(ref) {
			return engine.Evidence(layer, fmt.Sprintf("status.inventory.entries[%d].id", i), id, at)
		}
	}
	return finding.Evidence{}
}
