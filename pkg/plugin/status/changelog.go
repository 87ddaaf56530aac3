package status

import (
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/render"
	"github.com/digihunch/kubectl-orthweb/pkg/render/versioned"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// changeLog writes changes to standard output, as lines with the time or as objects, and what
// prevents reading the cluster to standard error.
type changeLog struct {
	*options
	statuses []tenant.Status
	// known is set after the first look, and printed after the first object.
	known, printed bool
	// noted are the notes of the last look; lost is set while the connection is lost.
	noted map[string]bool
	lost  bool
}

func (v *changeLog) show(next seen) error {
	v.note(next)
	if next.Snapshot == nil {
		return nil
	}
	changes, at, first := tenant.Changes(v.statuses, next.statuses), next.Snapshot.Meta().At, !v.known
	v.statuses, v.known = next.statuses, true
	if !v.output.Table() {
		return v.objects(changes, at)
	}
	for _, line := range render.ChangeLines(changes, first, at, len(v.names) > 0 || v.all) {
		if _, err := escape.Fprintln(v.call.Streams.Out, line); err != nil {
			return err
		}
	}
	return nil
}

// note reports each problem once, and the end of a lost connection.
func (v *changeLog) note(next seen) {
	stderr := v.call.Streams.ErrOut
	lost := next.Err != nil
	switch {
	case lost == v.lost:
	case lost:
		escape.Fprintf(stderr, "error: %v; retrying\n", next.Err)
	case next.Snapshot != nil:
		escape.Fprintf(stderr, "The API server answers again.\n")
	}
	v.lost = lost
	next.Err = nil
	noted := map[string]bool{}
	for _, note := range v.notes(next) {
		if noted[note] = true; !v.noted[note] {
			escape.Fprintln(stderr, note)
		}
	}
	v.noted = noted
}

// objects prints each tenant that has changed, as `kubectl get --watch` does.
func (v *changeLog) objects(changes []tenant.Change, at time.Time) error {
	out := v.call.Streams.Out
	for _, c := range changes {
		if c.After == nil {
			escape.Fprintf(v.call.Streams.ErrOut, "tenant %q no longer exists\n", c.Tenant)
			continue
		}
		if v.printed && v.output.Format == command.YAML {
			if _, err := escape.Fprintln(out, "---"); err != nil {
				return err
			}
		}
		v.printed = true
		object, err := versioned.Statuses([]tenant.Status{*c.After}, at, true)
		if err := v.output.Print(out, object, err); err != nil {
			return err
		}
	}
	return nil
}
