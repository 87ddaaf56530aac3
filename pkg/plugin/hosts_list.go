package plugin

import (
	"context"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/hosts"
	"github.com/digihunch/kubectl-orthweb/pkg/render"
)

type hostsListOptions struct {
	facts  *factsFlags
	wanted wantedHosts
	output *outputFlags
}

func newHostsList(facts *factsFlags) *cobra.Command {
	o := &hostsListOptions{facts: facts, output: newOutputFlags()}
	cmd := &cobra.Command{
		Use:     "list [TENANT...]",
		Short:   "Print the lines for a hosts file",
		Long:    hostsLong,
		Example: hostsExample,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.wanted.names = args
			if err := o.wanted.validate(); err != nil {
				return err
			}
			if !o.lines() {
				if err := o.output.validate(); err != nil {
					return err
				}
			}
			return o.run(cmd.Context())
		},
	}
	o.wanted.addTo(cmd.Flags())
	o.output.addTo(cmd)
	cmd.Flags().Lookup("output").Usage = "Output format, one of: hosts, " + outputFormats
	return cmd
}

// lines tells whether the output is that of a hosts file.
func (o *hostsListOptions) lines() bool { return o.output.table() || o.output.format == "hosts" }

func (o *hostsListOptions) run(ctx context.Context) error {
	warnOfSudo(o.facts)
	w, err := o.wanted.read(ctx, o.facts)
	if err != nil {
		return err
	}
	if o.lines() {
		err = printLines(o.facts.streams.Out, w.entries)
	} else {
		err = o.print(w)
	}
	if err != nil {
		return err
	}
	w.say(o.facts.streams.ErrOut)
	return w.answer()
}

func (o *hostsListOptions) print(w wanted) error {
	object, err := render.HostsObject(w.entries, w.lacking)
	return o.output.print(o.facts.streams.Out, object, err)
}

// printLines prints the entries as a hosts file has them, whose each is in a
// comment: the lines are to be pasted.
func printLines(w io.Writer, entries []hosts.Entry) error {
	table := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	for _, e := range entries {
		for _, name := range e.Names {
			escape.Fprintf(table, "%s\t%s\t# %s\n", e.Addr, name, e.Tenant)
		}
	}
	return table.Flush()
}

// say tells on standard error what is not as it was asked for.
func (w wanted) say(out io.Writer) {
	for _, text := range w.notes {
		escape.Fprintln(out, text)
	}
	for _, text := range w.lacking {
		escape.Fprintln(out, "Nothing for "+text)
	}
}

// answer is no when a tenant has nothing that could be written.
func (w wanted) answer() error {
	if len(w.lacking) > 0 {
		return answer(exitNo)
	}
	return nil
}
