// Package copies makes clusters of many tenants of a recorded one.
package copies

import (
	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// OfTenant returns a snapshot with the given number of copies of tenant bhs' objects, and all
// other objects.
func OfTenant(model *snapshot.Snapshot, tenants int) *snapshot.Snapshot {
	builder := snapshot.NewBuilder()
	for _, requested := range model.Requests() {
		builder.Add(requested, fakeapi.Fleet(model.List(requested.GroupKind(), requested.Namespace).Objects, tenants)...)
	}
	return builder.Build(model.Meta())
}
