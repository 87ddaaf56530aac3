// Package comparison prints in what two tenants differ.
package comparison

import (
	"fmt"
	"io"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
	"github.com/digihunch/kubectl-orthweb/pkg/scaffold/compare"
)

// Print prints in what two tenants differ, by layer and object: the field, and for each
// tenant the value and its place. A wide style also prints the expected differences.
func Print(w io.Writer, r *compare.Report, style term.Style) error {
	out := escape.NewStyled(w)
	c := &comparisonText{out: out, style: style, report: r}
	c.list(r.Differences)
	if style.Wide && len(r.Expected) > 0 {
		fmt.Fprintln(out, "Expected differences:")
		c.layer, c.object = "", object.Ref{}
		c.list(r.Expected)
	}
	return out.Flush()
}

type comparisonText struct {
	out    io.Writer
	style  term.Style
	report *compare.Report
	// layer and object are those of the previous line.
	layer  string
	object object.Ref
}

func (c *comparisonText) list(differences []compare.Difference) {
	for i, d := range differences {
		has := d.A
		if !has.Present {
			has = d.B
		}
		if i == 0 || d.Layer != c.layer {
			c.layer, c.object = d.Layer, object.Ref{}
			name := d.Layer
			if name == "" {
				name = "no layer"
			}
			fmt.Fprintln(c.out, term.Clean(name))
		}
		if d.Kind != compare.LayerMissing && has.Ref != c.object {
			c.object = has.Ref
			fmt.Fprintln(c.out, "  "+term.Clean(has.Ref.Short()))
		}
		if has.Field != "" {
			fmt.Fprintln(c.out, "    "+term.Clean(has.Field))
		}
		c.place(c.report.A, d.A, d.Kind)
		c.place(c.report.B, d.B, d.Kind)
	}
}

// place prints what one tenant has.
func (c *comparisonText) place(tenant string, p compare.Place, kind compare.Kind) {
	text := term.Clean(p.Value)
	switch {
	case !p.Present:
		text = "does not have it"
	case kind == compare.LayerMissing || kind == compare.ObjectMissing:
		text = "has it"
	case text == "":
		text = `""`
	}
	fmt.Fprintf(c.out, "      %s: %s\n", term.Clean(tenant), text)
	if p.At.File != "" {
		fmt.Fprintf(c.out, "        %s\n", term.Clean(p.At.String()))
	}
}
