package plugin

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/hosts"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/render/versioned"
)

type hostsListOptions struct {
	call   *command.Call
	file   hostsFile
	wanted wantedHosts
	output *command.Output
}

func newHostsList(call *command.Call) *cobra.Command {
	o := &hostsListOptions{call: call, output: command.NewOutput(command.Hosts)}
	cmd := &cobra.Command{
		Use:     "list [TENANT...]",
		Short:   "Print the tenants' lines for a hosts file",
		Long:    hostsLong,
		Example: hostsExample,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.wanted.names = args
			if err := o.wanted.validate(); err != nil {
				return err
			}
			if err := o.output.Validate(); err != nil {
				return err
			}
			return o.run(cmd.Context())
		},
	}
	o.file.addTo(cmd.Flags())
	o.wanted.addTo(cmd.Flags())
	o.output.AddTo(cmd)
	return cmd
}

// lines reports whether the output is that of a hosts file.
func (o *hostsListOptions) lines() bool { return o.output.Table() || o.output.Format == command.Hosts }

func (o *hostsListOptions) run(ctx context.Context) error {
	warnOfSudo(o.call)
	w, err := o.wanted.read(ctx, o.call, o.accepted())
	if err != nil {
		return err
	}
	if o.lines() {
		err = printLines(o.call.Streams.Out, w.entries)
	} else {
		err = o.print(w)
	}
	if err != nil {
		return err
	}
	w.say(o.call.Streams.ErrOut)
	w.sayPending(o.call.Streams.ErrOut, func(flags ...string) string {
		return o.file.command("list", o.wanted.names, o.call, o.wanted.flags(flags)...)
	})
	return w.answer()
}

// accepted are the cluster's entries in the hosts file. A file that does not exist or
// can't be read has none.
func (o *hostsListOptions) accepted() []hosts.Entry {
	if err := o.file.settle(o.call); err != nil {
		return nil
	}
	data, err := hosts.Read(o.file.path)
	if err != nil {
		return nil
	}
	file, err := hosts.Parse(data)
	if err != nil {
		escape.Fprintf(o.call.Streams.ErrOut, "The names accepted in %s could not be read: %v\n", o.file.path, err)
		return nil
	}
	return entriesOf(file, o.file.block)
}

func (o *hostsListOptions) print(w wanted) error {
	object, err := versioned.HostEntries(w.entries, w.unwritten())
	return o.output.Print(o.call.Streams.Out, object, err)
}

// printLines prints the entries as lines of a hosts file, each with its tenant in a
// comment: users paste them.
func printLines(w io.Writer, entries []hosts.Entry) error {
	table := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	for _, e := range entries {
		for _, name := range e.Names {
			escape.Fprintf(table, "%s\t%s\t# %s\n", e.Addr, name, e.Tenant)
		}
	}
	return table.Flush()
}

// unwritten are sentences about tenants and names without an entry.
func (w wanted) unwritten() []string {
	all := slices.Clone(w.lacking)
	for _, p := range w.pending {
		all = append(all, fmt.Sprintf("%s: not accepted on this machine: %s", p.tenant, strings.Join(p.names, ", ")))
	}
	return all
}

// say reports on standard error what could not be done as requested.
func (w wanted) say(out io.Writer) {
	for _, text := range w.notes {
		escape.Fprintln(out, text)
	}
	for _, text := range w.lacking {
		escape.Fprintln(out, "No entries for "+text)
	}
}

// short reports whether a name of the cluster has no entry.
func (w wanted) short() bool { return len(w.lacking)+len(w.pending) > 0 || w.refused }

// Exit is "no" when a name could not be written.
func (w wanted) answer() error {
	if w.short() {
		return command.No
	}
	return nil
}
