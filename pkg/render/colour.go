package render

import "github.com/digihunch/kubectl-orthweb/pkg/health"

// The colours are the terminal's own basic ones (ECMA-48, SGR 31 to 36), which
// people have chosen to be legible on their background.
var statusColour = map[health.Status]string{
	health.Ready:       "\x1b[32m",
	health.Progressing: "\x1b[36m",
	health.Suspended:   "\x1b[33m",
	health.Failing:     "\x1b[31m",
	health.Unknown:     "\x1b[35m",
}

const (
	bold  = "\x1b[1m"
	reset = "\x1b[0m"
)

// paintStatus colours a text by a verdict's word.
func paintStatus(status health.Status, text string) string {
	if code := statusColour[status]; code != "" {
		return code + text + reset
	}
	return text
}
