package render

import (
	"strings"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/internal/samples"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
)

// TestDeadlineOfWhatIsInProgress checks that the output shows how much time is left, or by how
// much the deadline has passed.
func TestDeadlineOfWhatIsInProgress(t *testing.T) {
	for _, c := range []struct {
		deadline time.Time
		want     string
	}{
		{samples.At.Add(5 * time.Minute), "; it may take another 5m\n"},
		{samples.At.Add(-2 * time.Minute), "; it is 2m past its timeout\n"},
		{time.Time{}, ": it waits\n"},
	} {
		e := samples.Explanation("short", "bhs")
		e.Subjects = []diagnose.Subject{{Ref: e.Subjects[0].Ref, Object: true, Deadline: c.deadline,
			Verdict: health.Verdict{Status: health.Progressing, Message: "it waits", Since: samples.At.Add(-time.Hour)}}}
		if text := explain(t, e, term.Style{}); !strings.Contains(text, c.want) || strings.Contains(text, "expired") {
			t.Errorf("want %q:\n%s", c.want, text)
		}
	}
}
