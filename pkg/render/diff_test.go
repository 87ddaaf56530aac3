package render

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/digihunch/kubectl-orthweb/internal/samples"
	"github.com/digihunch/kubectl-orthweb/pkg/diff"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
)

func TestDiffGoldens(t *testing.T) {
	for name, style := range map[string]term.Style{"80": {Width: 80}, "none": {}, "colour": {Width: 80, Colour: true}} {
		var out bytes.Buffer
		if err := Diff(&out, samples.Diff(), style); err != nil {
			t.Fatal(err)
		}
		samples.Golden(t, "diff-"+name, out.String())
	}
	var out bytes.Buffer
	if err := DiffMarkdown(&out, samples.Diff()); err != nil {
		t.Fatal(err)
	}
	samples.Golden(t, "diff-markdown", out.String())
}

// TestDiffMarkdownFits: a comment is never longer than its limit, whatever the numbers of layers
// and the lengths of differences, and reports what it omits.
func TestDiffMarkdownFits(t *testing.T) {
	for _, test := range []struct {
		name            string
		layers, changes int
		lines           int
		omits           bool
	}{
		{"small", 1, 1, 10, false},
		{"one large difference", 1, 1, 100_000, false},
		{"many changes", 3, 200, 40, true},
		{"many layers", 3000, 1, 1, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := &diff.Report{Entry: "."}
			for i := range test.layers {
				l := diff.Layer{Ref: object.Ref{Kind: "Kustomization", Name: fmt.Sprintf("layer-%d", i)}, State: diff.Both}
				for n := range test.changes {
					l.Changes = append(l.Changes, diff.Change{
						Ref: object.Ref{Kind: "ConfigMap", Name: fmt.Sprintf("c-%d", n)}, Action: diff.Added,
						Diff: strings.Repeat("+é: 'äöü' ```\n", test.lines),
					})
				}
				r.Layers = append(r.Layers, l)
			}
			var out bytes.Buffer
			if err := DiffMarkdown(&out, r); err != nil {
				t.Fatal(err)
			}
			if n := utf8.RuneCount(out.Bytes()); n > maxComment {
				t.Errorf("%d characters", n)
			}
			if omits := strings.Contains(out.String(), "because the comment would be too long"); omits != test.omits {
				t.Errorf("omits %v:\n%s", omits, out.String()[max(0, out.Len()-500):])
			}
			if strings.Count(out.String(), "<details>") != strings.Count(out.String(), "</details>") {
				t.Error("a block is not closed")
			}
		})
	}
}

func TestDiffSummary(t *testing.T) {
	if got, want := DiffSummary(&diff.Report{}), "no objects"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	want := "1 immutable, 1 rejected, 1 unknown, 1 recreated, 1 pruned, 1 kept, 1 moved, 1 added, 1 changed, 1 encrypted, 15 unchanged, 1 ignored"
	if got := DiffSummary(samples.Diff()); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
