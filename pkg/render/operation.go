package render

import (
	"io"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/message"
	"github.com/digihunch/kubectl-orthweb/pkg/operate"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
)

// Operation prints the result for each object.
func Operation(w io.Writer, results []operate.Result, style term.Style) error {
	t := term.Table{Columns: []term.Column{
		{Heading: "OBJECT", Keep: 99, Least: 28},
		{Heading: "RESULT", Keep: 98},
		{Heading: "MESSAGE", Keep: 97, Least: 28},
	}}
	limit := messageLimit
	if style.Width == 0 {
		limit = 10 * messageLimit // a script may need all of it
	}
	for _, r := range results {
		t.Rows = append(t.Rows, []string{term.Clean(r.Ref.String()), string(r.Outcome), operated(r, style.Wide, limit)})
	}
	return t.Write(w, style, func(column int, cell, padded string) string {
		if column != 1 {
			return padded
		}
		return PaintStatus(health.Status(cell), padded)
	})
}

// OperationLine is the result for one object, printed while the command waits for others:
// "Ready: main@4fa728f".
func OperationLine(r operate.Result) string {
	return strings.TrimSuffix(string(r.Outcome)+": "+operated(r, false, messageLimit), ": ")
}

func operated(r operate.Result, wide bool, limit int) string {
	text := r.Message
	if r.Reason != "" && !mentions(text, r.Reason) {
		text = r.Reason + ": " + text
	}
	if wide {
		return term.Clean(text)
	}
	return term.Shorten(message.Abbreviate(term.Clean(text)), limit)
}
