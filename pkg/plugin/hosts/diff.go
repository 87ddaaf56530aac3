package hosts

import (
	"bytes"
	"context"

	"github.com/spf13/cobra"

	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

type diffOptions struct{ derived }

func newDiff(call *command.Call) *cobra.Command {
	o := &diffOptions{}
	cmd := newDerived(call, &o.derived, "diff", "Show what 'hosts sync' would change", long+`

The exit status is 0 when nothing would change, 1 when something would, 2 when
this could not be determined.`, o.run)
	o.origin.AddTo(cmd.Flags())
	return cmd
}

func (o *diffOptions) run(ctx context.Context) error {
	before, result, err := o.compare(ctx)
	if err != nil {
		return err
	}
	after, report, err := result.Change(o.id).Apply(before)
	if err != nil {
		return err
	}
	if err := printDiff(o.call.Streams.Out, o.path, before, after); err != nil {
		return err
	}
	o.say(result)
	if o.origin.Live() {
		o.sayPending("sync", result)
	} else {
		o.sayPending("diff", result)
	}
	sayConflicts(o.call.Streams.ErrOut, o.path, report)
	if !bytes.Equal(before, after) || len(report.Conflicts) > 0 {
		return command.No
	}
	return answer(result)
}
