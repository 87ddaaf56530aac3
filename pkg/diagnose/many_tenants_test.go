package diagnose

import (
	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// multiplied returns a snapshot with the given number of copies of tenant bhs' objects, and all
// other objects.
func multiplied(model *snapshot.Snapshot, tenants int) *snapshot.Snapshot {
	builder := snapshot.NewBuilder()
	for _, requested := range model.Requests() {
		builder.Add(requested, fakeapi.Fleet(model.List(requested.GroupKind(), requested.Namespace).Objects, tenants)...)
	}
	return builder.Build(model.Meta())
}
