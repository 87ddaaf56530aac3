package status

import (
	"fmt"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/render"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// screen redraws a terminal.
type screen struct {
	*options
	last  seen
	known bool  // there was a snapshot
	marks marks // by this machine's clock
	drawn bool
}

func (v *screen) show(next seen) error {
	if next.Snapshot == nil {
		next.Snapshot, next.statuses, next.absent = v.last.Snapshot, v.last.statuses, v.last.absent
	}
	if v.known {
		v.marks.add(tenant.Changes(v.last.statuses, next.statuses), time.Now())
	}
	v.last, v.known = next, v.known || next.Snapshot != nil
	return v.tick()
}

func (v *screen) tick() error {
	if v.last.now == nil {
		return nil // nothing has been read
	}
	out := v.call.Streams.Out
	style := v.output.Style(out)
	lines := render.Watched{
		Statuses: v.last.statuses, Changes: v.marks.changes(v.last.statuses, time.Now()), Now: v.last.now(), Chains: len(v.names) > 0 || v.all, Notes: v.notes(v.last),
	}.Frame(style)
	frame := escape.NewStyled(out)
	if !v.drawn { // scroll what is on the screen out of it, so that it is not lost
		fmt.Fprint(frame, strings.Repeat("\n", max(0, style.Height-1)))
		v.drawn = true
	}
	fmt.Fprint(frame, escape.Home)
	for _, line := range lines {
		fmt.Fprint(frame, line, escape.EraseLine, "\n")
	}
	fmt.Fprint(frame, escape.EraseBelow)
	return frame.Flush()
}
