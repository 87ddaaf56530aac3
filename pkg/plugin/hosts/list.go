package hosts

import (
	"context"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	hostsfile "github.com/digihunch/kubectl-orthweb/pkg/hosts"
	"github.com/digihunch/kubectl-orthweb/pkg/hosts/entries"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/render/versioned"
)

var listLong = templates.LongDesc(`
		Print the lines that 'hosts sync' would write to this machine's hosts file.
		Nothing is written.
` + blocks)

type listOptions struct {
	derived
	output *command.Output
}

func newList(call *command.Call) *cobra.Command {
	o := &listOptions{output: command.NewOutput(command.Hosts).WithoutName()}
	cmd := newDerived(call, &o.derived, "list", "Print the tenants' lines for a hosts file", listLong, o.run)
	o.output.AddTo(cmd)
	o.origin.AddTo(cmd.Flags())
	return cmd
}

// lines reports whether the output is that of a hosts file.
func (o *listOptions) lines() bool { return o.output.Table() || o.output.Format == command.Hosts }

func (o *listOptions) run(ctx context.Context) error {
	if err := o.output.Validate(); err != nil {
		return err
	}
	o.warnOfSudo()
	result, err := o.derive(ctx, o.accepted())
	if err != nil {
		return err
	}
	if err := o.print(result); err != nil {
		return err
	}
	o.say(result)
	o.sayPending("list", result)
	return answer(result)
}

// accepted are the cluster's entries in the hosts file. A file that does not exist or
// can't be read has none.
func (o *listOptions) accepted() []hostsfile.Entry {
	if err := o.settle(); err != nil {
		return nil
	}
	data, err := hostsfile.Read(o.path)
	if err != nil {
		return nil
	}
	file, err := hostsfile.Parse(data)
	if err != nil {
		escape.Fprintf(o.call.Streams.ErrOut, "The names accepted in %s could not be read: %v\n", o.path, err)
		return nil
	}
	return file.EntriesOf(o.id)
}

// print prints lines, or an object.
func (o *listOptions) print(result entries.Result) error {
	if o.lines() {
		return printLines(o.call.Streams.Out, result.Entries)
	}
	object, err := versioned.HostEntries(result.Entries, result.Unwritten())
	return o.output.Print(o.call.Streams.Out, object, err)
}

// printLines prints the entries as lines of a hosts file, each with its tenant in a
// comment: users paste them.
func printLines(w io.Writer, all []hostsfile.Entry) error {
	table := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	for _, e := range all {
		for _, name := range e.Names {
			escape.Fprintf(table, "%s\t%s\t# %s\n", e.Addr, name, e.Tenant)
		}
	}
	return table.Flush()
}
