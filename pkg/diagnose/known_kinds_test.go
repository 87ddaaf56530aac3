package diagnose

import (
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/redact"
)

// TestKnownKinds compares the kinds whose fields a snapshot keeps with the kinds that are read:
// by explainers, and by health checks that read more than conditions.
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
