package render

import (
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// The colours are the terminal's own basic ones (ECMA-48, SGR 31 to 36), which
// people have chosen to be legible on their background.
var statusColour = map[health.Status]escape.Mark{
	health.Ready:       escape.Green,
	health.Progressing: escape.Cyan,
	health.Suspended:   escape.Yellow,
	health.Failing:     escape.Red,
	health.Unknown:     escape.Purple,
}

// paintStatus colours a text by a verdict's word.
func paintStatus(status health.Status, text string) string {
	if code := statusColour[status]; code != "" {
		return string(code) + text + string(escape.Reset)
	}
	return text
}
