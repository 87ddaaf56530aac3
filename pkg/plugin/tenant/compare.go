package tenant

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/collect"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/queries"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/render/comparison"
	"github.com/digihunch/kubectl-orthweb/pkg/render/versioned"
	"github.com/digihunch/kubectl-orthweb/pkg/scaffold"
	"github.com/digihunch/kubectl-orthweb/pkg/scaffold/compare"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant/selection"
)

var (
	compareLong = templates.LongDesc(`
		Show in what two tenants differ, apart from their names.

		The tenants are built from the GitOps repository as Flux builds them, and
		compared layer by layer, object by object. Each difference has the value, file
		and line of both. With --live, the objects in the cluster are compared
		instead; with --from, those of a recording.

		The tenants' names, their domains and the addresses of load balancers may
		differ; a host of another tenant's domain is a difference. Values of Secrets
		are never shown: different ones are expected, the same one for both tenants is
		reported. Of live Secrets only the keys are compared.

		The exit status is 0 if they are the same, 1 if they differ, 2 if something
		could not be compared.`)
	compareExample = templates.Examples(`
		# Compare two tenants of the repository in the working directory
		kubectl orthweb tenant compare bhs mhr

		# Also show the expected differences
		kubectl orthweb tenant compare bhs mhr -o wide

		# Compare what runs in the cluster
		kubectl orthweb tenant compare bhs mhr --live`)
)

type compareOptions struct {
	repository
	call   *command.Call
	output *command.Output
	origin command.Origin
	live   bool
}

func newCompare(call *command.Call) *cobra.Command {
	o := &compareOptions{call: call, output: command.NewFormats(command.Table, command.Wide, command.JSON, command.YAML)}
	cmd := &cobra.Command{
		Use:     "compare TENANT TENANT",
		Short:   "Show differences between two tenants",
		Long:    compareLong,
		Example: compareExample,
		Args:    names(2, "two tenants"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.output.Validate(); err != nil {
				return err
			}
			if args[0] == args[1] {
				return advice.Add(fmt.Errorf("%s is compared with itself", args[0]), "Specify two tenants.")
			}
			return o.run(cmd.Context(), args[0], args[1])
		},
	}
	o.output.AddTo(cmd)
	o.origin.AddTo(cmd.Flags())
	o.repository.addTo(cmd.Flags())
	cmd.Flags().BoolVar(&o.live, "live", false, "Compare the objects in the cluster")
	return cmd
}

func (o *compareOptions) run(ctx context.Context, a, b string) error {
	left, right, err := o.sides(ctx, a, b)
	if err != nil {
		return err
	}
	report := compare.Tenants(left, right)
	if err := o.print(report); err != nil {
		return err
	}
	o.summarize(report)
	switch {
	case len(report.Differences) > 0:
		return command.No
	case len(report.Unknown) > 0:
		return command.Unclear
	}
	return nil
}

// sides are both tenants: from the cluster, a recording, or the repository.
func (o *compareOptions) sides(ctx context.Context, a, b string) (left, right compare.Side, err error) {
	if o.live || !o.origin.Live() {
		return o.liveSides(ctx, a, b)
	}
	t, err := o.Open()
	if err != nil {
		return left, right, err
	}
	defer t.Close()
	r, err := scaffold.Find(ctx, t)
	if err != nil {
		return left, right, err
	}
	first, err := r.Named(a, o.entry)
	if err != nil {
		return left, right, err
	}
	second, err := r.Named(b, o.entry)
	if err != nil {
		return left, right, err
	}
	return first.Side(), second.Side(), nil
}

// liveSides reads the cluster in two steps: what identifies the tenants and their layers, then
// the kinds that these have applied.
func (o *compareOptions) liveSides(ctx context.Context, a, b string) (left, right compare.Side, err error) {
	read := func(queries []collect.Query) (*snapshot.Snapshot, error) { return o.call.Read(ctx, o.origin, queries) }
	if o.origin.Live() {
		session, err := o.call.Session(ctx, false)
		if err != nil {
			return left, right, err
		}
		read = func(queries []collect.Query) (*snapshot.Snapshot, error) {
			snap, err := session.Read(ctx, queries)
			return snap, command.WhenUnreachable(ctx, err)
		}
	}
	snap, err := read(queries.Names())
	if err != nil {
		return left, right, err
	}
	var pair [2]tenant.Tenant
	for i, name := range []string{a, b} {
		all := tenant.Discover(snap)
		found, ok := tenant.Find(all, name)
		if !ok && len(all) == 0 {
			return left, right, selection.None(snap, o.origin.Recording())
		}
		if !ok {
			return left, right, selection.NotFound(name, all, snap)
		}
		pair[i] = found
	}
	if o.origin.Live() {
		more, err := read(liveQueries(snap, pair[0], pair[1]))
		if err != nil {
			return left, right, err
		}
		snap = snapshot.Join(snap, more)
	}
	return scaffold.LiveSide(snap, pair[0]), scaffold.LiveSide(snap, pair[1]), nil
}

// liveQueries are the kinds to compare, in the namespaces of the tenants. Of Secrets only the
// names are read.
func liveQueries(snap *snapshot.Snapshot, a, b tenant.Tenant) []collect.Query {
	var list []collect.Query
	for _, kind := range scaffold.LiveKinds(snap, a, b) {
		list = append(list, collect.Query{
			GroupKind: kind, Namespaces: append(append([]string{}, a.Namespaces...), b.Namespaces...), Metadata: kind == object.SecretKind,
		})
	}
	return list
}

func (o *compareOptions) print(report *compare.Report) error {
	w := o.call.Streams.Out
	if o.output.Format == command.Table || o.output.Format == command.Wide {
		return comparison.Print(w, report, o.output.Style(w))
	}
	object, err := versioned.Comparison(report)
	return o.output.Print(w, object, err)
}

func (o *compareOptions) summarize(r *compare.Report) {
	w := o.call.Streams.ErrOut
	for _, d := range r.SharedSecrets {
		escape.Fprintf(w, "Both tenants have the same value: %s, %s.\n", d.A.Ref, d.A.Field)
	}
	for _, text := range r.Unknown {
		escape.Fprintf(w, "Not compared: %s\n", text)
	}
	found := "no differences"
	if n := len(r.Differences); n > 0 {
		found = finding.Count(n, "difference")
	}
	escape.Fprintf(w, "Compared %s with %s: %s", finding.Count(r.Layers, "layer"), finding.Count(r.Objects, "object"), found)
	if n := len(r.Expected); n > 0 {
		escape.Fprintf(w, ", %d in hosts, addresses and Secrets", n)
	}
	escape.Fprintf(w, ".\n")
}
