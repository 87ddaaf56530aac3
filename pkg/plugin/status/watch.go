package status

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/queries"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant/selection"
)

// look reads the cluster once and assesses the tenants.
func (o *options) look(ctx context.Context) ([]tenant.Status, time.Time, error) {
	snap, err := o.call.Read(ctx, command.Origin{}, queries.Status())
	if err != nil {
		return nil, time.Time{}, err
	}
	statuses, err := selection.Named(snap, o.names, o.origin.Recording())
	return statuses, snap.Meta().At, err
}

// watchLoop prints the state repeatedly: in place on a terminal; otherwise appended, and only
// when something other than an age has changed. A failed read is reported and retried: the
// cluster itself may be down.
func (o *options) watchLoop(ctx context.Context) error {
	out := o.call.Streams.Out
	last := ""
	return repeat(ctx, o.interval, func(ctx context.Context) (bool, error) {
		statuses, now, err := o.look(ctx)
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		style := o.output.Style(out)
		state := stateOf(statuses)
		switch {
		case err != nil:
			escape.Fprintf(o.call.Streams.ErrOut, "error: %v; retrying in %s\n", err, o.interval)
		case style.Width > 0:
			err = o.redraw(statuses, now, style)
		case state != last:
			last = state
			err = o.print(out, statuses, now, style)
		}
		var unwritten *command.OutputError
		if errors.As(err, &unwritten) {
			return false, err
		}
		return false, nil
	})
}

// redraw overwrites the last screen without flicker.
func (o *options) redraw(statuses []tenant.Status, now time.Time, style term.Style) error {
	screen := escape.NewStyled(nil)
	if err := o.print(screen, statuses, now, style); err != nil {
		return err
	}
	frame := escape.NewStyled(o.call.Streams.Out)
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
