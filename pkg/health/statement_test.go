package health

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// TestStatements verifies the statements of controllers that each verdict of the scenarios
// quotes: the field, or the event about the object, must contain it.
func TestStatements(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	conditions, events := 0, 0
	for _, file := range files {
		for _, s := range scenarios(t, file) {
			snap := s.snapshot()
			assessor := New(snap)
			for _, ref := range s.refs() {
				v := assessor.Of(ref)
				switch {
				case v.Statement == Statement{}:
					continue
				case strings.HasPrefix(v.Statement.Field, "event "):
					events++
				default:
					conditions++
				}
				if !stands(snap, v) {
					t.Errorf("%s: %s: %+v does not stand in the object", s.Name, ref, v.Statement)
				}
			}
		}
	}
	if conditions < 20 || events < 3 {
		t.Errorf("only %d verdicts go by a condition and %d by an event", conditions, events)
	}
}

func stands(snap *snapshot.Snapshot, v Verdict) bool {
	obj := snap.Lookup(v.Ref).Object
	if obj == nil {
		return false
	}
	if strings.HasPrefix(v.Statement.Field, "event ") {
		return slices.ContainsFunc(WarningsIn(snap).About(obj), func(w Warning) bool { return w.statement() == v.Statement })
	}
	value, _ := object.Read(obj.Object, v.Statement.Field)
	condition, ok := value.(map[string]any)
	return ok && object.Text(condition, "reason") == v.Statement.Reason && strings.TrimSpace(object.Text(condition, "message")) == v.Statement.Message
}
