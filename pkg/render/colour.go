package render

import (
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
)

// statusColour has the basic colours of the terminal (ECMA-48, SGR 31 to 36): users configure
// them to be readable on their background.
var statusColour = map[health.Status]escape.Mark{
	health.Ready:       escape.Green,
	health.Progressing: escape.Cyan,
	health.Suspended:   escape.Yellow,
	health.Failing:     escape.Red,
	health.Unknown:     escape.Purple,
}

// PaintStatus colours a text by a verdict's word.
func PaintStatus(status health.Status, text string) string {
	if code := statusColour[status]; code != "" {
		return string(code) + text + string(escape.Reset)
	}
	return text
}

// StatusWord is the word of a status, coloured if the style allows colours, for a part of a
// terminal that is drawn by the caller.
func StatusWord(status health.Status, style term.Style) string {
	if !style.Colour {
		return string(status)
	}
	var text strings.Builder
	out := escape.NewStyled(&text)
	out.WriteString(PaintStatus(status, string(status)))
	_ = out.Flush() // a strings.Builder accepts all writes
	return text.String()
}

// PaintSeverity colours the word of a severity.
func PaintSeverity(severity finding.Severity) string {
	return PaintStatus(severityColour[severity], string(severity))
}
