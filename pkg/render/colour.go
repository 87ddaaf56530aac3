package render

import (
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
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

// paintStatus colours a text by a verdict's word.
func paintStatus(status health.Status, text string) string {
	if code := statusColour[status]; code != "" {
		return string(code) + text + string(escape.Reset)
	}
	return text
}

// paintSeverity colours the word of a severity.
func paintSeverity(severity finding.Severity) string {
	return paintStatus(severityColour[severity], string(severity))
}
