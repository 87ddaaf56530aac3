package diagnose

import (
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// TestKinds explains every case as if no list were complete: the explainers may only query
// kinds that a record contains.
func TestKinds(t *testing.T) {
	kinds := Kinds()
	for name, snap := range snapshots(t) {
		b := snapshot.NewBuilder()
		for _, requested := range snap.Requests() {
			var objects []*unstructured.Unstructured
			for _, obj := range snap.List(requested.GroupKind(), requested.Namespace).Objects {
				objects = append(objects, obj.DeepCopy())
			}
			requested.FieldSelector = "metadata.name=none"
			b.Add(requested, objects...)
		}
		inquiry := snapshot.NewInquiry(nil)
		recording := b.Build(snap.Meta()).Recording(inquiry)
		tenants := tenant.Discover(recording.Known())
		Tenants(recording, tenants, tenants)
		x := newContext(recording, tenants)
		for _, gk := range kinds {
			for _, obj := range recording.Known().List(gk, "").Objects {
				for _, failing := range []bool{false, true} {
					x.Examine(object.RefOf(obj), failing)
				}
			}
		}
		for _, query := range inquiry.Open() {
			if !slices.Contains(kinds, query.GroupKind) {
				t.Errorf("%s: %s is looked for, and is not in the table", name, query.GroupKind)
			}
		}
	}
}
