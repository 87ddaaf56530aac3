// Package report is the command "report".
package report

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/atomicfile"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/explain"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/collect"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/fleet"
	"github.com/digihunch/kubectl-orthweb/pkg/render/document"
	"github.com/digihunch/kubectl-orthweb/pkg/render/graph"
	"github.com/digihunch/kubectl-orthweb/pkg/report"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

var (
	reportLong = templates.LongDesc(`
		Write a report about the tenants as a document: their states, each tenant's
		chain as a picture, why tenants are not ready with evidence and fixes, the
		certificates by expiry, the addresses, and what could not be read.

		The HTML page is one file that can be mailed, archived or printed: it loads
		nothing and runs no scripts. Secrets are redacted, as in a snapshot; names of
		hosts, objects and images are not. With -o mermaid or dot, only the chains
		are written, as a graph.

		The exit status is 0 when the report was written and everything could be
		read, whether tenants are ready or not, and 2 when a part could not be read;
		the report then lists it. Use status or explain to test for readiness.`)
	reportExample = templates.Examples(`
		# A page about all tenants
		kubectl orthweb report > report.html

		# The same, without replacing a file
		kubectl orthweb report --output-file=monday.html

		# One page about the clusters of several contexts
		kubectl orthweb report --all-contexts --output-file=fleet.html

		# One tenant, for a ticket
		kubectl orthweb report bhs -o markdown

		# One tenant's chain, which Graphviz draws: dot -Tsvg bhs.dot
		kubectl orthweb report bhs -o dot > bhs.dot

		# Try it without a cluster
		kubectl orthweb report --from=example:failing > report.html`)
)

// The formats of a report besides Markdown.
const (
	formatHTML    = "html"
	formatMermaid = "mermaid"
	formatDOT     = "dot"
)

type options struct {
	call   *command.Call
	names  []string
	output *command.Output
	origin command.Origin
	fleet  fleet.Flags
	file   string
	force  bool
}

// New is the command "report".
func New(call *command.Call) *cobra.Command {
	o := &options{call: call, output: command.NewFormats(formatHTML, command.Markdown, formatMermaid, formatDOT)}
	cmd := &cobra.Command{
		Use:     "report [TENANT...]",
		Short:   "Write a report about tenants",
		Long:    reportLong,
		Example: reportExample,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.names = args
			if err := o.validate(cmd); err != nil {
				return err
			}
			return o.run(cmd.Context())
		},
	}
	o.output.AddTo(cmd)
	o.origin.AddTo(cmd.Flags())
	o.fleet.AddTo(cmd.Flags(), fleet.Timeout)
	cmd.Flags().StringVar(&o.file, "output-file", "", "Write the report to this file instead of standard output")
	cmd.Flags().BoolVar(&o.force, "force", false, "Allow --output-file to replace an existing file")
	return cmd
}

// validate rejects wrong flags before anything is read. A terminal does not show HTML: it gets
// the page only on request.
func (o *options) validate(cmd *cobra.Command) error {
	if at := slices.IndexFunc(o.names, func(name string) bool { return strings.Contains(name, "/") }); at >= 0 {
		return advice.Add(fmt.Errorf("%q is not the name of a tenant", o.names[at]), "A report is about tenants; for other objects, use: %s explain KIND/NAME.", o.call.Name)
	}
	if _, terminal := command.TerminalOf(o.call.Streams.Out); terminal && o.file == "" && !cmd.Flags().Changed("output") {
		return advice.Add(errors.New("the report is a page of HTML, which a terminal does not show"),
			"Redirect it (%[1]s report > report.html), write it to a file with --output-file=report.html, or choose another format with -o.", o.call.Name)
	}
	if err := o.fleet.Validate(cmd.Flags()); err != nil {
		return err
	}
	return o.output.Validate()
}

func (o *options) run(ctx context.Context) error {
	if err := command.Vacant(o.file, o.force); err != nil { // before anything is read
		return err
	}
	if o.fleet.Set() {
		return o.runClusters(ctx)
	}
	cluster, err := o.read(ctx)
	if err != nil {
		return err
	}
	return o.finish(o.reportOf(cluster))
}

func (o *options) reportOf(clusters ...report.Cluster) report.Report {
	return report.Report{Program: "kubectl orthweb " + o.call.Build, Clusters: clusters}
}

// finish writes the report, and returns the exit code.
func (o *options) finish(r report.Report) error {
	if err := o.write(r); err != nil {
		return err
	}
	if !r.Complete() {
		escape.Fprintln(o.call.Streams.ErrOut, "A part could not be read: the report lists it.")
		return command.Unclear
	}
	return nil
}

// read reads the cluster or the recording, explains the tenants, and summarizes both.
func (o *options) read(ctx context.Context) (report.Cluster, error) {
	if !o.origin.Live() {
		snap, err := o.call.Read(ctx, o.origin, nil)
		if err != nil {
			return report.Cluster{}, err
		}
		question := explain.Question{Arguments: o.names, Recording: o.origin.Recording(), KeepReady: true, Also: report.Query}
		return summarize(o.origin.Name(), snap, explain.Recorded(snap, question))
	}
	session, err := o.call.Session(ctx, true)
	if err != nil {
		return report.Cluster{}, err
	}
	snap, answer, err := live(ctx, session, o.names)
	if err != nil {
		return report.Cluster{}, err
	}
	return summarize(o.call.Context(), snap, answer)
}

// live explains tenants of a cluster.
func live(ctx context.Context, session *collect.Session, names []string) (*snapshot.Snapshot, explain.Answer, error) {
	snap, answer, err := explain.Live(ctx, session, explain.Question{Arguments: names, KeepReady: true, Also: report.Query})
	return snap, answer, command.WhenUnreachable(ctx, err)
}

func summarize(name string, snap *snapshot.Snapshot, answer explain.Answer) (report.Cluster, error) {
	if answer.Err != nil {
		return report.Cluster{}, answer.Err
	}
	return report.Of(name, snap, answer.Explanation), nil
}

// write writes the report to standard output, or to a file that is complete or does not exist.
func (o *options) write(r report.Report) error {
	if o.file == "" {
		return o.print(o.call.Streams.Out, r)
	}
	err := atomicfile.Create(o.force, atomicfile.File{Path: o.file, Mode: 0o600, Write: func(w io.Writer) error { return o.print(w, r) }})
	if err != nil {
		return command.WhenTaken(fmt.Errorf("writing the report: %w", err))
	}
	return nil
}

func (o *options) print(w io.Writer, r report.Report) error {
	switch o.output.Format {
	case command.Markdown:
		return document.Markdown(w, r)
	case formatMermaid:
		return graph.Mermaid(w, r)
	case formatDOT:
		return graph.DOT(w, r)
	}
	return document.HTML(w, r)
}
