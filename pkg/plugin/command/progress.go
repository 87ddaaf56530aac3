package command

import (
	"io"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
)

// Progress are the states that were last reported, by the name of the object or
// tenant that the command waits for.
type Progress map[string]string

// Report writes a state when it changes.
func (s Progress) Report(w io.Writer, name, state string) {
	if s[name] != state {
		s[name] = state
		escape.Fprintf(w, "%s is %s\n", name, state)
	}
}
