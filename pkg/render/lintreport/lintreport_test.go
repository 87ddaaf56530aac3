package lintreport

import (
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/samples"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
)

func TestLint(t *testing.T) {
	for name, style := range map[string]term.Style{
		"lint-none": {}, "lint-80": {Width: 80}, "lint-wide": {Wide: true}, "lint-colour": {Width: 80, Colour: true},
	} {
		var out strings.Builder
		if err := Print(&out, samples.LintReport(), style); err != nil {
			t.Fatal(err)
		}
		samples.Golden(t, name, out.String())
	}
}
