// Package lintreport prints the defects of a GitOps tree.
package lintreport

import (
	"fmt"
	"io"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/lint"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/render"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
	"github.com/digihunch/kubectl-orthweb/pkg/render/versioned"
)

// Print prints the defects of a tree by file: the line, the severity and code, what is wrong, and
// the fix. A wide style also prints the rule and the layer, and what is ignored.
func Print(w io.Writer, r *lint.Report, style term.Style) error {
	out := escape.NewStyled(w)
	p := printer{out: out, style: style}
	file := ""
	for i, f := range r.Findings {
		if f.At.File != file || i == 0 {
			if i > 0 {
				fmt.Fprintln(out)
			}
			fmt.Fprintln(out, term.Clean(f.At.File))
			file = f.At.File
		}
		p.finding(f)
	}
	if style.Wide && len(r.Ignored) > 0 {
		fmt.Fprintln(out, "\nIgnored:")
		for _, f := range r.Ignored {
			p.wrap(fmt.Sprintf("%s: %s %s: %s", f.At, f.Code, f.Message, f.Reason), "  ", "    ")
		}
	}
	return out.Flush()
}

type printer struct {
	out   io.Writer
	style term.Style
}

// finding prints a finding: a line with its place and code, then what is wrong and the fixes.
func (p printer) finding(f rule.Finding) {
	place := "-"
	if f.At.Line > 0 {
		place = fmt.Sprintf("%d:%d", f.At.Line, f.At.Column)
	}
	severity := fmt.Sprintf("%-8s", f.Severity)
	if p.style.Colour {
		severity = render.PaintSeverity(f.Severity) + strings.Repeat(" ", 8-len(f.Severity))
	}
	head := fmt.Sprintf("  %-7s %s %s %s", place, severity, f.Code, f.Rule)
	fmt.Fprintln(p.out, head)
	text := f.Message
	if f.Ref != (object.Ref{}) {
		text = f.Ref.String() + ": " + text
	}
	p.wrap(finding.Sentence(text+versioned.LintOthers(f)), "          ", "          ")
	for _, fix := range f.Fixes {
		label := "Fix: "
		if fix.File != "" && fix.File != f.At.File {
			label = "Fix (in " + term.Clean(fix.File) + "): "
		}
		p.wrap(label+finding.Sentence(fix.Text), "          ", "               ")
		if fix.Command != "" {
			fmt.Fprintln(p.out, "               "+term.Clean(fix.Command))
		}
	}
	if p.style.Wide && f.Layer.Name != "" {
		p.wrap("Layer: "+f.Layer.String(), "          ", "          ")
	}
	if p.style.Wide && len(f.Others) > 2 {
		for _, ref := range f.Others {
			p.wrap("Also: "+ref.String(), "          ", "          ")
		}
	}
}

func (p printer) wrap(text, first, rest string) {
	for _, line := range p.style.Wrap(term.Clean(text), first, rest) {
		fmt.Fprintln(p.out, strings.TrimRight(line, " "))
	}
}
