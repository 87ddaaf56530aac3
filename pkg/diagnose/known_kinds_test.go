package diagnose

import (
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/redact"
)

// TestKnownKinds holds the kinds that a snapshot keeps the fields of to those that
// are read: by explainers, and by judges that look at more than conditions.
func TestKnownKinds(t *testing.T) {
	read := map[schema.GroupKind]bool{}
	for _, gk := range Kinds() {
		read[gk] = true
	}
	for gk := range judgesByKind() {
		if !slices.Contains(engine.Stateless, gk) {
			read[gk] = true
		}
	}
	for _, gk := range redact.KnownKinds() {
		if !read[gk] {
			t.Errorf("%v is kept, although nobody reads it", gk)
		}
		delete(read, gk)
	}
	for gk := range read {
		t.Errorf("%v is read, but not kept: add it to knownKinds", gk)
	}
}
