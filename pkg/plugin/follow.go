package plugin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	apiwait "k8s.io/apimachinery/pkg/util/wait"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/queries"
	"github.com/digihunch/kubectl-orthweb/pkg/render"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant/selection"
)

// look reads the cluster once and assesses the tenants.
func (o *statusOptions) look(ctx context.Context) ([]tenant.Status, time.Time, error) {
	snap, err := o.facts.read(ctx, origin{}, queries.Status())
	if err != nil {
		return nil, time.Time{}, err
	}
	statuses, err := selection.Named(snap, o.names, o.origin.source())
	return statuses, snap.Meta().At, err
}

// repeat calls condition until it is true or fails, or the context ends, whose error it
// returns then. The interval begins when a call has ended: reading a large cluster may take
// longer.
func repeat(ctx context.Context, interval time.Duration, condition apiwait.ConditionWithContextFunc) error {
	return apiwait.Backoff{Duration: interval}.DelayFunc().Until(ctx, true, true, condition)
}

// watchLoop prints the state repeatedly: in place on a terminal; otherwise appended, and
// only when something other than an age has changed. A failed read is reported and
// retried: the cluster itself may be under repair.
func (o *statusOptions) watchLoop(ctx context.Context) error {
	out := o.facts.streams.Out
	last := ""
	return repeat(ctx, o.interval, func(ctx context.Context) (bool, error) {
		statuses, now, err := o.look(ctx)
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		style := o.output.style(out)
		state := stateOf(statuses)
		switch {
		case err != nil:
			escape.Fprintf(o.facts.streams.ErrOut, "error: %v; retrying in %s\n", err, o.interval)
		case style.Width > 0:
			err = o.redraw(statuses, now, style)
		case state != last:
			last = state
			err = o.print(out, statuses, now, style)
		}
		var unwritten *outputError
		if errors.As(err, &unwritten) {
			return false, err
		}
		return false, nil
	})
}

// redraw overwrites the last screen without flicker.
func (o *statusOptions) redraw(statuses []tenant.Status, now time.Time, style render.Style) error {
	screen := escape.NewStyled(nil)
	if err := o.print(screen, statuses, now, style); err != nil {
		return err
	}
	frame := escape.NewStyled(o.facts.streams.Out)
	lines := strings.ReplaceAll(screen.String(), "\n", string(escape.EraseLine)+"\n")
	fmt.Fprint(frame, escape.Home, lines, escape.EraseBelow)
	return frame.Flush()
}

// stateOf is the states without their ages.
func stateOf(statuses []tenant.Status) string {
	var state strings.Builder
	for _, s := range statuses {
		fmt.Fprintln(&state, s.Name, s.Verdict.Status, s.Verdict.Ref, s.Verdict.Reason, s.LayersReady, s.Orthanc, s.Database, s.Addresses, s.Revision)
		for _, link := range s.Chain {
			fmt.Fprintln(&state, link.Ref, link.Status, link.Reason)
		}
	}
	return state.String()
}

// progressLines are the states that were last reported, by the name of the object or
// tenant that the command waits for.
type progressLines map[string]string

// report writes a state when it changes.
func (s progressLines) report(w io.Writer, name, state string) {
	if s[name] != state {
		s[name] = state
		escape.Fprintf(w, "%s is %s\n", name, state)
	}
}
