package render

import (
	"fmt"
	"html"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/digihunch/kubectl-orthweb/pkg/diff"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
)

// The limits of a comment, in characters. GitHub accepts 65,536.
const (
	maxComment = 60_000
	// maxBlock is the longest difference of one object.
	maxBlock = 15_000
	// noteLength is reserved for the note that objects are missing.
	noteLength = 300
)

// DiffMarkdown prints what a tree would change for a comment on a pull request. It is no longer
// than GitHub accepts: the differences of objects that do not fit are omitted, with a note.
func DiffMarkdown(w io.Writer, r *diff.Report) error {
	out := escape.NewStyled(w)
	c := &comment{}
	c.add(fmt.Sprintf("### Changes of %s in the cluster\n\n%s.\n\n", code(r.Entry), finding.Sentence(DiffSummary(r))))
	c.summary(r)
	c.problems(r)
	for _, note := range DiffNotes(r) {
		c.add("- " + MarkdownText(note) + "\n")
	}
	c.add("\n")
	for _, l := range r.Layers {
		for _, change := range l.Changes {
			c.details(l, change)
		}
	}
	if c.omitted > 0 {
		c.text.WriteString(fmt.Sprintf("\n%s not shown, because the comment would be too long. Run %s to see all.\n",
			counted(c.omitted, "part is", "parts are"), code("kubectl orthweb diff")))
	}
	fmt.Fprint(out, c.text.String())
	return out.Flush()
}

// comment is a text with a limited length.
type comment struct {
	text    strings.Builder
	length  int
	omitted int
}

// add adds a part, unless it does not fit.
func (c *comment) add(part string) {
	length := utf8.RuneCountInString(part)
	if c.length+length > maxComment-noteLength {
		c.omitted++
		return
	}
	c.text.WriteString(part)
	c.length += length
}

// summary adds the table of the layers that change.
func (c *comment) summary(r *diff.Report) {
	head := "| tenant | layer | added | changed | pruned | other |\n|---|---|---|---|---|---|\n"
	for _, l := range r.Layers {
		if len(l.Changes) == 0 && l.Problem == "" {
			continue
		}
		var other []string
		for _, action := range diff.Actions {
			switch n := l.Count(action); {
			case action == diff.Added, action == diff.Changed, action == diff.Pruned, n == 0:
			default:
				other = append(other, fmt.Sprintf("%d %s", n, strings.ToLower(string(action))))
			}
		}
		if l.Problem != "" {
			other = append(other, "not compared")
		}
		if l.Suspended {
			other = append(other, "suspended")
		}
		name := l.Ref.Name
		if l.State != diff.Both {
			name += " (" + strings.ToLower(string(l.State)) + ")"
		}
		c.add(head + fmt.Sprintf("| %s | %s | %d | %d | %d | %s |\n", MarkdownText(l.Tenant), MarkdownText(name),
			l.Count(diff.Added), l.Count(diff.Changed), l.Count(diff.Pruned), strings.Join(other, ", ")))
		head = ""
	}
	if head == "" {
		c.add("\n")
	}
}

// problems adds what Flux could not apply, what could not be determined, and all warnings.
func (c *comment) problems(r *diff.Report) {
	for _, l := range r.Layers {
		if l.Problem != "" {
			c.add(fmt.Sprintf("- **Not compared**: layer %s: %s\n", MarkdownText(l.Ref.Name), MarkdownText(l.Problem)))
		}
	}
	for _, action := range diff.Actions {
		for _, l := range r.Layers {
			for _, change := range l.Changes {
				if change.Action == action && (isBlocking(change) || action == diff.Unknown || len(change.Warnings) > 0) {
					c.problem(l, change)
				}
			}
		}
	}
}

func (c *comment) problem(l diff.Layer, change diff.Change) {
	line := fmt.Sprintf("- **%s**: %s in layer %s%s", change.Action, MarkdownText(change.Ref.String()), MarkdownText(l.Ref.Name), MarkdownText(changeReason(change)))
	for _, warning := range change.Warnings {
		line += "; " + MarkdownText(warning)
	}
	if isBlocking(change) && change.At.File != "" {
		line += " (" + code(place(change)) + ")"
	}
	c.add(line + "\n")
}

// details adds the difference of an object, folded.
func (c *comment) details(l diff.Layer, change diff.Change) {
	if change.Diff == "" {
		return
	}
	var text strings.Builder
	lines, shown := strings.Count(change.Diff, "\n"), 0
	for line := range strings.Lines(change.Diff) {
		if text.Len() > maxBlock {
			fmt.Fprintf(&text, " … %s\n", counted(lines-shown, "line is not shown", "lines are not shown"))
			break
		}
		text.WriteString(escape.Line(strings.TrimSuffix(line, "\n")) + "\n")
		shown++
	}
	fence := "```"
	for strings.Contains(text.String(), fence) {
		fence += "`"
	}
	c.add(fmt.Sprintf("<details><summary>%s: %s in layer %s</summary>\n\n%sdiff\n%s%s\n\n</details>\n",
		change.Action, html.EscapeString(term.Clean(change.Ref.String())), html.EscapeString(term.Clean(l.Ref.Name)), fence, text.String(), fence))
}
