package command

import (
	"context"
	"io"
	"time"

	apiwait "k8s.io/apimachinery/pkg/util/wait"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
)

// Repeat calls condition until it is true or fails, or the context ends, whose error it
// returns then. The interval begins when a call has ended: reading a large cluster may take
// longer.
func Repeat(ctx context.Context, interval time.Duration, condition apiwait.ConditionWithContextFunc) error {
	return apiwait.Backoff{Duration: interval}.DelayFunc().Until(ctx, true, true, condition)
}

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
