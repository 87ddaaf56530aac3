package render

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose"
)

// Markdown prints an explanation for a ticket.
func Markdown(w io.Writer, e diagnose.Explanation) error {
	out := bufio.NewWriter(w)
	for _, s := range e.Subjects {
		fmt.Fprintf(out, "## %s is %s\n\n", escape(subjectName(s)), statusWords[s.Verdict.Status])
		if s.Verdict.Message != "" && len(s.Causes) == 0 {
			fmt.Fprintf(out, "%s\n\n", escape(s.Verdict.Message))
		}
	}
	for _, c := range causesOnce(e) {
		fmt.Fprintf(out, "### %s\n\n`%s` %s, `%s`", escape(c.Message), c.Code, escape(c.Ref.String()), c.Reason)
		if !c.Since.IsZero() {
			fmt.Fprintf(out, ", since %s", c.Since.UTC().Format("2006-01-02 15:04:05 MST"))
		}
		fmt.Fprint(out, "\n\n| object | field | value |\n|---|---|---|\n")
		for _, ev := range c.Evidence {
			fmt.Fprintf(out, "| %s | %s | %s |\n", escape(ev.Ref.String()), escape(ev.Field), escape(ev.Value))
		}
		fmt.Fprintln(out)
		for _, fix := range c.Fixes {
			text := escape(fix.Text)
			if fix.File != "" {
				text += fmt.Sprintf(" (in `%s`)", clean(fix.File))
			}
			fmt.Fprintf(out, "- %s\n", text)
			if fix.Command != "" {
				fmt.Fprintf(out, "  `%s`\n", clean(fix.Command))
			}
		}
		fmt.Fprintln(out)
	}
	for _, s := range e.Subjects {
		for _, why := range s.Unknown {
			fmt.Fprintf(out, "- Not seen: %s\n", escape(why.String()))
		}
	}
	return out.Flush()
}

var markdownSpecial = strings.NewReplacer("|", "\\|", "<", "&lt;", "*", "\\*", "`", "\\`", "[", "\\[")

// escape keeps text from the cluster text.
func escape(text string) string { return markdownSpecial.Replace(clean(text)) }
