package render

import (
	"io"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/message"
	"github.com/digihunch/kubectl-orthweb/pkg/operate"
)

// Operation prints the result for each object.
func Operation(w io.Writer, results []operate.Result, style Style) error {
	t := table{columns: []column{
		{heading: "OBJECT", keep: 99, least: 28},
		{heading: "RESULT", keep: 98},
		{heading: "MESSAGE", keep: 97, least: 28},
	}}
	for _, r := range results {
		t.rows = append(t.rows, []string{clean(r.Ref.String()), string(r.Outcome), operated(r, style)})
	}
	return t.write(w, style, func(column int, cell, padded string) string {
		if column != 1 {
			return padded
		}
		return paintStatus(health.Status(cell), padded)
	})
}

// OperationLine is the result for one object, printed while the command waits for others:
// "Ready: main@4fa728f".
func OperationLine(r operate.Result) string {
	return strings.TrimSuffix(string(r.Outcome)+": "+operated(r, Style{}), ": ")
}

func operated(r operate.Result, style Style) string {
	text := r.Message
	if r.Reason != "" && !says(text, r.Reason) {
		text = r.Reason + ": " + text
	}
	if style.Wide {
		return clean(text)
	}
	return shorten(message.Abbreviate(clean(text)), messageLimit)
}
