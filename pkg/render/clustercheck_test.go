package render

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/digihunch/kubectl-orthweb/internal/samples"
	"github.com/digihunch/kubectl-orthweb/pkg/check"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
)

func clusterChecks(t *testing.T, categories []check.Category, style term.Style) string {
	t.Helper()
	var out bytes.Buffer
	if err := ClusterChecks(&out, categories, style); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestClusterCheckGoldens(t *testing.T) {
	for name, style := range map[string]term.Style{"80": {Width: 80}, "none": {}, "headless": {NoHeaders: true}, "colour": {Width: 80, Colour: true}} {
		samples.Golden(t, "clustercheck-"+name, clusterChecks(t, samples.ClusterChecks(), style))
	}
}

// TestClusterCheckFits tries every width; commands are never wrapped, so that they can be
// copied.
func TestClusterCheckFits(t *testing.T) {
	for width := 60; width <= 160; width++ {
		for line := range strings.Lines(clusterChecks(t, samples.ClusterChecks(), term.Style{Width: width})) {
			line = strings.TrimSuffix(line, "\n")
			if utf8.RuneCountInString(line) > width && !strings.Contains(line, "kubectl ") {
				t.Errorf("%d wide: %q", width, line)
			}
		}
	}
}

// TestClusterVerdict checks the sentence for each worst outcome.
func TestClusterVerdict(t *testing.T) {
	for _, test := range []struct {
		outcomes []check.Outcome
		want     string
	}{
		{[]check.Outcome{check.Pass, check.Pass}, "The cluster is ready for tenants: 2 passed"},
		{[]check.Outcome{check.Pass, check.Warn}, "The cluster is ready for tenants: 1 warning, 1 passed"},
		{[]check.Outcome{check.Unknown, check.Warn}, "Not all checks could be performed: 1 unknown, 1 warning"},
		{[]check.Outcome{check.Fail, check.Fail, check.Unknown}, "The cluster is not ready for tenants: 2 failed, 1 unknown"},
	} {
		var category check.Category
		for _, outcome := range test.outcomes {
			category.Checks = append(category.Checks, check.Check{Name: "a", Outcome: outcome})
		}
		if got := clusterVerdict([]check.Category{category}); got != test.want {
			t.Errorf("%v: %q, want %q", test.outcomes, got, test.want)
		}
	}
}
