package render

import (
	"fmt"
	"io"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
)

// Markdown prints an explanation for a ticket.
func Markdown(w io.Writer, e diagnose.Explanation) error {
	out := escape.NewStyled(w)
	if len(e.Subjects) == 0 {
		fmt.Fprintln(out, "All tenants are ready.")
	}
	for _, s := range e.Subjects {
		fmt.Fprintf(out, "## %s is %s\n\n", MarkdownText(subjectName(s)), statusWords[s.Verdict.Status])
		if s.Verdict.Message != "" && len(s.Causes) == 0 {
			fmt.Fprintf(out, "%s\n\n", MarkdownText(s.Verdict.Message))
		}
	}
	for _, c := range e.Causes() {
		MarkdownCause(out, "", c)
	}
	for _, line := range unseenLines(e) {
		fmt.Fprintln(out, "- Could not be read: "+MarkdownText(line))
	}
	return out.Flush()
}

// MarkdownCause prints a cause with its evidence and fixes as a section, whose heading begins with
// its number if it has one.
func MarkdownCause(out io.Writer, number string, c diagnose.Cause) {
	fmt.Fprintf(out, "### %s%s\n\n%s %s", number, MarkdownText(finding.Sentence(c.Message)), code(string(c.Code)), MarkdownText(c.Ref.String()))
	if c.Reason != "" {
		fmt.Fprintf(out, ", %s", code(c.Reason))
	}
	if !c.Since.IsZero() {
		fmt.Fprintf(out, ", since %s", c.Since.UTC().Format("2006-01-02 15:04:05 MST"))
	}
	fmt.Fprint(out, "\n\n| object | field | value |\n|---|---|---|\n")
	for _, ev := range c.Evidence {
		fmt.Fprintf(out, "| %s | %s | %s |\n", MarkdownText(ev.Ref.String()), MarkdownText(ev.Field), MarkdownText(ev.Value))
	}
	fmt.Fprintln(out)
	if c.Unwatched != "" {
		fmt.Fprintf(out, "Flux reports the layers as ready: %s\n\n", MarkdownText(c.Unwatched))
	}
	for _, fix := range c.Fixes {
		text := MarkdownText(fix.Text)
		if fix.File != "" {
			text += fmt.Sprintf(" (in %s)", code(fix.File))
		}
		fmt.Fprintf(out, "- %s\n", text)
		if fix.Command != "" {
			fmt.Fprintf(out, "  %s\n", code(fix.Command))
		}
		if fix.Diff != "" {
			fmt.Fprintf(out, "\n%s\n", indented(fix.Diff))
		}
	}
	fmt.Fprintln(out)
}

// indented is a text as a code block of a list entry: six spaces, so that no fence can end it.
func indented(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString("      " + escape.Line(strings.TrimRight(line, "\r\n")) + "\n")
	}
	return b.String()
}

// markdownSpecial escapes what CommonMark and GitHub's tables, math and strikethrough
// interpret as markup anywhere in a line.
var markdownSpecial = strings.NewReplacer("\\", "\\\\", "|", "\\|", "<", "&lt;", "&", "&amp;", "*", "\\*", "_", "\\_",
	"`", "\\`", "[", "\\[", "~", "\\~", "$", "\\$")

// MarkdownText escapes text from the cluster, so that none of it is interpreted as markup.
func MarkdownText(text string) string {
	text = markdownSpecial.Replace(term.Clean(text))
	if digits := strings.TrimLeft(text, "0123456789"); digits != text && digits != "" && strings.ContainsRune(".)", rune(digits[0])) {
		return text[:len(text)-len(digits)] + "\\" + digits // a numbered list
	}
	if strings.IndexAny(text, "#>+-=") == 0 { // a heading, a quotation, a list, a rule
		return "\\" + text
	}
	return text
}

// code formats text from the cluster as code, between more backticks than it contains.
func code(text string) string {
	text = term.Clean(text)
	fence := "`"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	if len(fence) > 1 {
		text = " " + text + " "
	}
	return fence + text + fence
}
