package render

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// Explain prints an explanation for people: the verdict first, then each cause
// once, with its proof, its mend, the way to it and what it holds up.
func Explain(w io.Writer, e diagnose.Explanation, style Style) error {
	out := bufio.NewWriter(w)
	p := explanation{out: out, now: e.At, style: style}
	for _, s := range e.Subjects {
		p.verdict(s)
	}
	for _, c := range causesOnce(e) {
		fmt.Fprintln(out)
		p.cause(c)
	}
	p.unknown(e)
	return out.Flush()
}

type explanation struct {
	out   io.Writer
	now   time.Time
	style Style
}

// causesOnce lists the causes of all subjects, each once, in their order.
func causesOnce(e diagnose.Explanation) []diagnose.Cause {
	var all []diagnose.Cause
	for _, s := range e.Subjects {
		for _, c := range s.Causes {
			same := func(other diagnose.Cause) bool {
				return other.Code == c.Code && other.Ref.Same(c.Ref) && other.Reason == c.Reason
			}
			if !slices.ContainsFunc(all, same) {
				all = append(all, c)
			}
		}
	}
	return all
}

// subjectName is the tenant's, or the object's that was asked about.
func subjectName(s diagnose.Subject) string {
	if s.Object {
		return s.Ref.String()
	}
	return s.Tenant
}

var statusWords = map[health.Status]string{
	health.Ready: "ready", health.Progressing: "in progress", health.Suspended: "switched off",
	health.Failing: "failing", health.Unknown: "unknown",
}

func (p explanation) verdict(s diagnose.Subject) {
	status := statusWords[s.Verdict.Status]
	if p.style.Colour {
		status = paintStatus(s.Verdict.Status, status)
	}
	fmt.Fprintf(p.out, "%s is %s", subjectName(s), status)
	if !s.Verdict.Since.IsZero() {
		fmt.Fprintf(p.out, " since %s ago", age(s.Verdict.Since, p.now))
	}
	switch {
	case len(s.Causes) > 1:
		fmt.Fprintf(p.out, ", for %d reasons", len(s.Causes))
	case s.Verdict.Status == health.Progressing:
		fmt.Fprintf(p.out, ": %s", clean(tidy(s.Verdict.Message)))
		if !s.Deadline.IsZero() {
			fmt.Fprintf(p.out, "; it may take another %s", left(s.Deadline, p.now))
		}
	case s.Verdict.Status != health.Ready && len(s.Causes) == 0:
		fmt.Fprintf(p.out, ": %s", clean(tidy(s.Verdict.Message)))
	}
	fmt.Fprintln(p.out)
}

func (p explanation) cause(c diagnose.Cause) {
	p.headline(c)
	p.evidence(c)
	p.fixes(c)
	p.path(c)
	p.blocks(c)
}

// headline is the sentence, with the code at the right of the screen.
func (p explanation) headline(c diagnose.Cause) {
	message := clean(cutDigests(c.Message))
	if p.style.Colour {
		message = bold + message + reset
	}
	fmt.Fprintf(p.out, "%s (%s)\n", message, c.Code)
	line := "  " + clean(c.Ref.String())
	if c.Reason != "" {
		line += "  " + clean(c.Reason)
	}
	if !c.Since.IsZero() {
		line += ", since " + age(c.Since, p.now) + " ago"
	}
	fmt.Fprintln(p.out, line)
}

// evidence lists the facts under the objects that they are of, the cause's own
// object first.
func (p explanation) evidence(c diagnose.Cause) {
	of := []finding.Ref{c.Ref}
	for _, e := range c.Evidence {
		if !slices.ContainsFunc(of, e.Ref.Same) {
			of = append(of, e.Ref)
		}
	}
	for i, ref := range of {
		if i > 0 {
			fmt.Fprintf(p.out, "  %s\n", clean(ref.String()))
		}
		for _, e := range c.Evidence {
			if !e.Ref.Same(ref) {
				continue
			}
			line := fmt.Sprintf("    %s: %s", clean(e.Field), clean(cutDigests(e.Value)))
			if !e.At.IsZero() {
				line = p.fit(line, 12) + " (" + age(e.At, p.now) + " ago)"
			}
			fmt.Fprintln(p.out, p.fit(line, 0))
		}
	}
}

// fit cuts a line to the terminal, less a reserve, unless everything is wanted.
func (p explanation) fit(line string, reserve int) string {
	width := p.style.Width
	if p.style.Wide {
		return line
	}
	if width == 0 {
		width = lineLimit
	}
	return shorten(line, max(20, width-reserve))
}

// lineLimit keeps lines readable where no terminal sets a width.
const lineLimit = 160

func (p explanation) fixes(c diagnose.Cause) {
	for i, fix := range c.Fixes {
		label := "       "
		if i == 0 {
			label = "  Fix  "
		}
		text := clean(fix.Text)
		if fix.File != "" {
			text += " (in " + clean(fix.File) + ")"
		}
		fmt.Fprintf(p.out, "%s%s\n", label, text)
		if fix.Command != "" {
			fmt.Fprintf(p.out, "         %s\n", clean(fix.Command))
		}
	}
}

// path draws the way down to the cause.
func (p explanation) path(c diagnose.Cause) {
	for i, step := range c.Path {
		branch := ""
		if i > 0 {
			branch = strings.Repeat("   ", i-1) + "└─ "
		}
		line := "  " + branch + clean(step.Ref.String()) + "  " + string(step.Status)
		if step.Note != "" && step.Note != string(step.Status) {
			line += " " + clean(step.Note)
		}
		if i == len(c.Path)-1 {
			line = p.fit(line, 9) + "  ◀ cause"
		}
		fmt.Fprintln(p.out, p.fit(line, 0))
	}
}

func (p explanation) blocks(c diagnose.Cause) {
	var held []string
	for _, ref := range c.Layers {
		held = append(held, ref.Name)
	}
	if len(held) > 0 {
		fmt.Fprintf(p.out, "  Holds up %s", strings.Join(held, ", "))
		if len(c.Tenants) > 0 {
			fmt.Fprintf(p.out, "; of %s", strings.Join(c.Tenants, ", "))
		}
		fmt.Fprintln(p.out)
	}
	if !c.NextRetry.IsZero() {
		fmt.Fprintf(p.out, "  Flux tries again in %s\n", left(c.NextRetry, p.now))
	}
}

// unknown lists what could not be seen, over all subjects.
func (p explanation) unknown(e diagnose.Explanation) {
	var lines []string
	for _, s := range e.Subjects {
		for _, why := range s.Unknown {
			if line := clean(why.String()); !slices.Contains(lines, line) {
				lines = append(lines, line)
			}
		}
	}
	for i, line := range lines {
		if i == 0 {
			fmt.Fprintln(p.out, "\nNot seen, and may hold a cause:")
		}
		fmt.Fprintf(p.out, "  %s\n", line)
	}
}
