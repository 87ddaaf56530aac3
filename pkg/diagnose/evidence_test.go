package diagnose

import (
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// unproven lists the evidence about any object of a snapshot that is not in the snapshot, or
// that occurs twice, before findings are omitted.
func unproven(snap *snapshot.Snapshot) []string {
	e := examinationOf(snap)
	var found []string
	for _, f := range e.findings {
		found = append(found, wrongEvidence(e.examiner, f)...)
	}
	return found
}

func wrongEvidence(x *engine.Context, f finding.Finding) []string {
	var found []string
	seen := map[finding.Evidence]bool{}
	for _, e := range f.Evidence {
		if len(x.Verified([]finding.Evidence{e})) == 0 {
			found = append(found, string(f.Code)+" "+e.Ref.String()+" "+e.Field+": "+e.Value)
		}
		if e.Ref.APIVersion = ""; seen[e] {
			found = append(found, string(f.Code)+" twice: "+e.Ref.String()+" "+e.Field)
		}
		seen[e] = true
	}
	return found
}

// TestEvidence verifies every piece of evidence in all recorded faults and reports.
func TestEvidence(t *testing.T) {
	for name, snap := range snapshots(t) {
		t.Run(name, func(t *testing.T) {
			for _, wrong := range unproven(snap) {
				t.Error(wrong)
			}
		})
	}
}
