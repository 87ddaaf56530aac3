package render

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/message"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// Explain prints an explanation as text: the verdict first, then each cause once, with
// its evidence, its fix, the path to it and what it blocks.
func Explain(w io.Writer, e diagnose.Explanation, style term.Style) error {
	out := escape.NewStyled(w)
	p := explanation{out: out, now: e.At, style: style}
	for _, s := range e.Subjects {
		p.verdict(s)
	}
	for _, c := range e.Causes() {
		fmt.Fprintln(out)
		p.cause(c)
	}
	p.unknown(e)
	return out.Flush()
}

type explanation struct {
	out   io.Writer
	now   time.Time
	style term.Style
}

// subjectName is the name of the tenant or of the object that is explained.
func subjectName(s diagnose.Subject) string {
	if s.Object {
		return s.Ref.String()
	}
	return s.Tenant
}

var statusWords = map[health.Status]string{
	health.Ready: "ready", health.Progressing: "in progress", health.Suspended: "suspended",
	health.Failing: "failing", health.Unknown: "unknown",
}

func (p explanation) verdict(s diagnose.Subject) {
	text := stateSince(term.Clean(subjectName(s)), statusWords[s.Verdict.Status], s.Verdict.Since, p.now)
	progressing := s.Verdict.Status == health.Progressing
	switch {
	case len(s.Causes) > 1:
		text += fmt.Sprintf(", for %d reasons", len(s.Causes))
	case progressing || s.Verdict.Status != health.Ready && len(s.Causes) == 0:
		if because := p.because(s); because != "" && !toldByCause(s) {
			text += ": " + because
		}
		if progressing {
			text += timeLeft(s.Deadline, p.now)
		}
	}
	for _, line := range p.style.Wrap(text, "", "  ") {
		if p.style.Colour {
			line = strings.Replace(line, statusWords[s.Verdict.Status], PaintStatus(s.Verdict.Status, statusWords[s.Verdict.Status]), 1)
		}
		fmt.Fprintln(p.out, line)
	}
}

// timeLeft describes how long an object in progress may still take, or how long it is past
// its timeout; it is empty if that is not known.
func timeLeft(deadline, now time.Time) string {
	switch {
	case deadline.IsZero():
		return ""
	case now.Before(deadline):
		return "; it may take another " + left(deadline, now)
	}
	return "; it is " + Age(deadline, now) + " past its timeout"
}

// because is the message of a verdict, with the object for a tenant's.
func (p explanation) because(s diagnose.Subject) string {
	message := term.Clean(message.Abbreviate(s.Verdict.Message))
	if !s.Object && s.Ref.Name != "" {
		message = term.Clean(s.Ref.String()) + ": " + message
	}
	return message
}

// toldByCause reports whether the cause below repeats the verdict's message.
func toldByCause(s diagnose.Subject) bool {
	return len(s.Causes) == 1 && strings.Contains(s.Causes[0].Message, s.Verdict.Message)
}

func (p explanation) cause(c diagnose.Cause) {
	p.headline(c)
	p.evidence(c)
	p.fixes(c)
	p.path(c)
	p.blocks(c)
}

// headline prints the sentence and its code, then the object.
func (p explanation) headline(c diagnose.Cause) {
	for _, line := range p.style.Wrap(finding.Sentence(term.Clean(CutDigests(c.Message)))+" ("+string(c.Code)+")", "", "  ") {
		if p.style.Colour {
			line = term.Embolden(line)
		}
		fmt.Fprintln(p.out, line)
	}
	line := "  " + term.Clean(c.Ref.String())
	if c.Reason != "" {
		line += "  " + term.Clean(c.Reason)
	}
	if forSoLong := forHowLong(c.Since, p.now); forSoLong != "" {
		line += ", " + forSoLong
	}
	fmt.Fprintln(p.out, p.fit(line, 0))
}

// evidence lists the facts below their objects, the cause's own object first.
func (p explanation) evidence(c diagnose.Cause) {
	of := []object.Ref{c.Ref}
	for _, e := range c.Evidence {
		if !slices.ContainsFunc(of, e.Ref.Same) {
			of = append(of, e.Ref)
		}
	}
	for i, ref := range of {
		if i > 0 {
			fmt.Fprintln(p.out, p.fit("  "+term.Clean(ref.String()), 0))
		}
		for _, e := range c.Evidence {
			if !e.Ref.Same(ref) {
				continue
			}
			line := fmt.Sprintf("    %s: %s", term.Clean(e.Field), term.Clean(CutDigests(e.Value)))
			if !e.At.IsZero() {
				ago := " (" + Age(e.At, p.now) + " ago)"
				line = p.fit(line, utf8.RuneCountInString(ago)) + ago
			}
			fmt.Fprintln(p.out, p.fit(line, 0))
		}
	}
}

// fit cuts a line to the width of the terminal minus a reserve, except with -o wide.
func (p explanation) fit(line string, reserve int) string {
	line = escape.Line(line)
	width := p.style.Width
	if p.style.Wide {
		return line
	}
	if width == 0 {
		width = lineLimit
	}
	return term.Shorten(line, max(20, width-reserve))
}

// lineLimit keeps lines readable if no terminal sets a width.
const lineLimit = 160

func (p explanation) fixes(c diagnose.Cause) {
	label := "  Fix  "
	for _, fix := range c.Fixes {
		text := term.Clean(fix.Text)
		if fix.File != "" {
			text += " (in " + term.Clean(fix.File) + ")"
		}
		for _, line := range p.style.Wrap(text, label, "       ") {
			fmt.Fprintln(p.out, line)
		}
		for line := range strings.Lines(fix.Diff) {
			fmt.Fprintln(p.out, "         "+escape.Line(strings.TrimRight(line, "\r\n")))
		}
		if fix.Diff != "" && fix.Command != "" {
			fmt.Fprintln(p.out, "       Change the file (or add --fix), commit and push, then run:")
		}
		for _, line := range p.style.WrapCommand(fix.Command) {
			fmt.Fprintln(p.out, line)
		}
		label = "       "
	}
}

// mark marks the end of the path.
const mark = "  ◀ cause"

// path draws the path to the cause.
func (p explanation) path(c diagnose.Cause) {
	for i, step := range c.Path {
		branch := ""
		if i > 0 {
			branch = strings.Repeat("   ", i-1) + "└─ "
		}
		line := "  " + branch + term.Clean(step.Ref.String()) + "  " + string(step.Status)
		if step.Note != "" && step.Note != string(step.Status) {
			line += " " + term.Clean(step.Note)
		}
		if i == len(c.Path)-1 {
			line = p.fit(line, utf8.RuneCountInString(mark)) + mark
		}
		fmt.Fprintln(p.out, p.fit(line, 0))
	}
}

func (p explanation) blocks(c diagnose.Cause) {
	var layers []string
	for _, ref := range c.Layers {
		layers = append(layers, term.Clean(ref.Name))
	}
	held := listed("layer", layers)
	if tenants := listed("tenant", c.Tenants); held == "" {
		held = tenants
	} else if tenants != "" {
		held += "; " + tenants
	}
	if held != "" {
		for _, line := range p.style.Wrap(held, "  Blocks: ", "    ") {
			fmt.Fprintln(p.out, line)
		}
	}
	if c.Unwatched != "" {
		for _, line := range p.style.Wrap(term.Clean(c.Unwatched), "  Flux reports the layers as ready: ", "    ") {
			fmt.Fprintln(p.out, line)
		}
	}
	if p.now.Before(c.NextRetry) {
		fmt.Fprintf(p.out, "  Flux retries in %s\n", left(c.NextRetry, p.now))
	}
}

// listed is "layer a", "layers a, b", or nothing.
func listed(noun string, names []string) string {
	switch len(names) {
	case 0:
		return ""
	case 1:
		return noun + " " + names[0]
	}
	return noun + "s " + strings.Join(names, ", ")
}

// unknown lists what could not be read, over all subjects.
func (p explanation) unknown(e diagnose.Explanation) {
	for i, line := range unseenLines(e) {
		if i == 0 {
			fmt.Fprintln(p.out)
			for _, part := range p.style.Wrap("Could not be read (a cause may be hidden there):", "", "  ") {
				fmt.Fprintln(p.out, part)
			}
		}
		for _, part := range p.style.Wrap(line, "  ", "    ") {
			fmt.Fprintln(p.out, part)
		}
	}
}

// unseenLines are the UnreadLines of all subjects.
func unseenLines(e diagnose.Explanation) []string {
	var all []snapshot.Failure
	for _, s := range e.Subjects {
		all = append(all, s.Unknown...)
	}
	return UnreadLines(all)
}

// UnreadLines lists what could not be read: each missing permission once, and in one line all
// that a recording does not contain.
func UnreadLines(failures []snapshot.Failure) []string {
	var lines, absent []string
	for _, why := range failures {
		line, list := term.Clean(why.String()), &lines
		if why.Reason == snapshot.NotRequested {
			line, list = term.Clean(why.Resource), &absent
		}
		if !slices.Contains(*list, line) {
			*list = append(*list, line)
		}
	}
	if len(absent) > 0 {
		slices.Sort(absent)
		lines = append(lines, "not in the recording: "+strings.Join(absent, ", "))
	}
	return lines
}
