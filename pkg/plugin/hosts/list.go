package hosts

import (
	"cmp"
	"context"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	hostsfile "github.com/digihunch/kubectl-orthweb/pkg/hosts"
	"github.com/digihunch/kubectl-orthweb/pkg/hosts/entries"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/fleet"
	"github.com/digihunch/kubectl-orthweb/pkg/render/versioned"
)

var listLong = templates.LongDesc(`
		Print the lines that 'hosts sync' would write to this machine's hosts file.
		Nothing is written.
` + blocks)

type listOptions struct {
	derived
	fleet  fleet.Flags
	flags  *pflag.FlagSet
	output *command.Output
}

func newList(call *command.Call) *cobra.Command {
	o := &listOptions{output: command.NewOutput(command.Hosts).WithoutName()}
	cmd := newDerived(call, &o.derived, "list", "Print the tenants' lines for a hosts file", listLong, o.run)
	o.output.AddTo(cmd)
	o.origin.AddTo(cmd.Flags())
	o.fleet.AddTo(cmd.Flags(), fleet.Timeout)
	o.flags = cmd.Flags()
	return cmd
}

// lines reports whether the output is that of a hosts file.
func (o *listOptions) lines() bool { return o.output.Table() || o.output.Format == command.Hosts }

func (o *listOptions) run(ctx context.Context) error {
	if err := cmp.Or(o.fleet.Validate(o.flags), o.output.Validate()); err != nil {
		return err
	}
	o.warnOfSudo()
	if o.fleet.Set() {
		return o.runClusters(ctx)
	}
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

// accepted are the cluster's entries in the hosts file.
func (o *listOptions) accepted() []hostsfile.Entry {
	if err := o.settle(); err != nil {
		return nil
	}
	return o.file().EntriesOf(o.id)
}

// file is the hosts file, empty if it does not exist or can't be read.
func (o *listOptions) file() *hostsfile.File {
	data, err := hostsfile.Read(o.path)
	if err != nil {
		return &hostsfile.File{}
	}
	file, err := hostsfile.Parse(data)
	if err != nil {
		escape.Fprintf(o.call.Streams.ErrOut, "The names accepted in %s could not be read: %v\n", o.path, err)
		return &hostsfile.File{}
	}
	return file
}

// print prints lines, or an object.
func (o *listOptions) print(result entries.Result) error {
	if o.lines() {
		return printLines(o.call.Streams.Out, linesOf(result.Entries, ""))
	}
	object, err := versioned.HostEntries(result.Entries, result.Unwritten())
	return o.output.Print(o.call.Streams.Out, object, err)
}

// line is a line of a hosts file, with the tenant in a comment: users paste the lines.
type line struct{ address, name, comment string }

// linesOf are the lines of entries, with the cluster in the comments if it is not empty.
func linesOf(all []hostsfile.Entry, cluster string) []line {
	var out []line
	for _, e := range all {
		comment := e.Tenant
		if cluster != "" {
			comment += " in " + cluster
		}
		for _, name := range e.Names {
			out = append(out, line{e.Addr.String(), name, comment})
		}
	}
	return out
}

func printLines(w io.Writer, all []line) error {
	table := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	for _, l := range all {
		escape.Fprintf(table, "%s\t%s\t# %s\n", l.address, l.name, l.comment)
	}
	return table.Flush()
}
