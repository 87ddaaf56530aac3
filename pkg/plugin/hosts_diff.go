package plugin

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/hosts"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

type hostsDiffOptions struct {
	call   *command.Call
	file   hostsFile
	wanted wantedHosts
}

func newHostsDiff(call *command.Call) *cobra.Command {
	o := &hostsDiffOptions{call: call}
	cmd := &cobra.Command{
		Use:   "diff [TENANT...]",
		Short: "Show what 'hosts sync' would change",
		Long: hostsLong + `

The exit status is 0 when nothing would change, 1 when something would, 2 when
this could not be determined.`,
		Example: hostsExample,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.wanted.names = args
			if err := o.wanted.validate(); err != nil {
				return err
			}
			return o.run(cmd.Context())
		},
	}
	o.file.addTo(cmd.Flags())
	o.wanted.addTo(cmd.Flags())
	return cmd
}

func (o *hostsDiffOptions) run(ctx context.Context) error {
	warnOfSudo(o.call)
	before, w, err := o.file.compare(ctx, o.call, &o.wanted)
	if err != nil {
		return err
	}
	after, report, err := w.change(o.file.block).apply(before)
	if err != nil {
		return err
	}
	if err := printDiff(o.call.Streams.Out, o.file.path, before, after); err != nil {
		return err
	}
	w.say(o.call.Streams.ErrOut)
	w.sayPending(o.call.Streams.ErrOut, func(flags ...string) string {
		return o.file.command("sync", o.wanted.names, o.call, o.wanted.flags(flags)...)
	})
	sayConflicts(o.call.Streams.ErrOut, o.file.path, report)
	if string(before) != string(after) || len(report.Conflicts) > 0 || w.short() {
		return command.No
	}
	return nil
}

// printDiff prints the difference between the file and its new content. Its lines are
// escaped, so that a CI system does not read them as commands.
func printDiff(out io.Writer, path string, before, after []byte) error {
	_, err := escape.Fprintf(out, "%s", escape.Composed(escape.Lines(hosts.Diff(escape.Line(path), before, after), "")))
	return err
}

// sayConflicts prints which names are not changed, and why.
func sayConflicts(out io.Writer, path string, report hosts.Report) {
	for _, c := range report.Conflicts {
		where := fmt.Sprintf("%s:%d has %s", path, c.At, c.Has)
		switch {
		case c.At == 0:
			where = "tenant " + c.Other + " also has it"
		case c.Block != "":
			where += fmt.Sprintf(", for %s in the block %q", c.Other, c.Block)
		}
		escape.Fprintf(out, "Conflict: %s should be %s, but %s. Not changed; change or remove that line first.\n", c.Name, c.Addr, where)
	}
}
