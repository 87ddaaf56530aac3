package plugin

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// look reads the cluster once and works out the states.
func (o *statusOptions) look(ctx context.Context) ([]tenant.Status, time.Time, error) {
	snap, err := o.facts.read(ctx, origin{}, statusWants())
	if err != nil {
		return nil, time.Time{}, err
	}
	statuses, err := o.assess(snap)
	return statuses, snap.Meta().At, err
}

// pause sleeps between two looks, until the context ends.
func pause(ctx context.Context, interval time.Duration) error {
	timer := time.NewTimer(interval)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// watchLoop shows the state over and over: in place on a terminal; elsewhere
// appended, and only when something other than an age has changed. A look that
// fails is reported and tried again: the cluster may be what is being mended.
func (o *statusOptions) watchLoop(ctx context.Context) error {
	out := o.facts.streams.Out
	last := ""
	for {
		statuses, now, err := o.look(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		style := o.output.style(out)
		var screen bytes.Buffer
		if err == nil {
			err = o.print(&screen, statuses, now, style)
		}
		if err != nil {
			fmt.Fprintf(o.facts.streams.ErrOut, "error: %v; trying again in %s\n", err, o.interval)
		} else if style.Width > 0 {
			redraw(out, screen.String())
		} else if state := stateOf(statuses); state != last {
			last = state
			fmt.Fprint(out, screen.String())
		}
		if err := pause(ctx, o.interval); err != nil {
			return err
		}
	}
}

// redraw paints over the last screen without a flash (ECMA-48: CUP, EL, ED).
func redraw(out interface{ Write([]byte) (int, error) }, screen string) {
	lines := strings.ReplaceAll(screen, "\n", "\x1b[K\n")
	fmt.Fprint(out, "\x1b[H"+lines+"\x1b[J")
}

// stateOf is all that matters of the states but the ages.
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

// sayings are what was last said of each thing that is waited for.
type sayings map[string]string

// say tells of a state once.
func (s sayings) say(w io.Writer, name, state string) {
	if s[name] != state {
		s[name] = state
		fmt.Fprintf(w, "%s is %s\n", name, state)
	}
}
