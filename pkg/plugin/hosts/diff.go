package hosts

import (
	"bytes"
	"context"

	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

var diffLong = templates.LongDesc(`
		Show what 'hosts sync' would change in this machine's hosts file. Nothing is
		written.
` + blocks + `
		The exit status is 0 when nothing would change, 1 when the file would change, 2
		when the command failed.`)

type diffOptions struct{ derived }

func newDiff(call *command.Call) *cobra.Command {
	o := &diffOptions{}
	cmd := newDerived(call, &o.derived, "diff", "Show what 'hosts sync' would change", diffLong, o.run)
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
