// Package status is the command "status": the state of tenants, once, until it changes, or
// until they are ready.
package status

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/explain"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/queries"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/fleet"
	"github.com/digihunch/kubectl-orthweb/pkg/render"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
	"github.com/digihunch/kubectl-orthweb/pkg/render/versioned"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant/selection"
)

var (
	statusLong = templates.LongDesc(`
		Display the state of the tenants: one line for each, or the whole chain of
		the named tenants, from Flux's source to the ingress.

		A tenant is Ready when all its objects are Ready. It is Failing when the last
		reconciliation of an object failed, even if Flux retries; Progressing when an
		object is being reconciled; Suspended when an object is suspended or scaled to
		zero; Unknown when an object could not be read, or its controller has stopped
		reporting.

		The exit status is 0 when all tenants shown are Ready, 1 when one is not, 2
		when the status could not be determined.`)
	statusExample = templates.Examples(`
		# All tenants, one line for each
		kubectl orthweb status

		# One tenant's whole chain
		kubectl orthweb status bhs

		# Wait in a script until a tenant is ready, ten minutes at most
		kubectl orthweb status bhs --wait --timeout=10m

		# The tenants of several clusters
		kubectl orthweb status --contexts='prod-*'

		# Names of the tenants that are not ready
		kubectl orthweb status -o jsonpath='{range .items[?(@.status!="Ready")]}{.metadata.name}{"\n"}{end}'

		# Try it without a cluster
		kubectl orthweb status --from=example:failing`)
)

type options struct {
	call     *command.Call
	output   *command.Output
	names    []string
	all      bool
	origin   command.Origin
	fleet    fleet.Flags
	save     string
	force    bool
	watch    bool
	wait     bool
	timeout  time.Duration
	interval time.Duration
}

// New is the command "status".
func New(call *command.Call) *cobra.Command {
	o := &options{call: call, output: command.NewOutput()}
	cmd := &cobra.Command{
		Use:     "status [TENANT...]",
		Short:   "Display tenant status",
		Long:    statusLong,
		Example: statusExample,
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
	cmd.Flags().BoolVar(&o.all, "all", false, "Show the whole chain of every tenant")
	cmd.Flags().StringVar(&o.save, "save", "", "Save the objects that were read to this file, as a snapshot")
	cmd.Flags().BoolVar(&o.force, "force", false, "Allow --save to replace an existing file")
	cmd.Flags().BoolVarP(&o.watch, "watch", "w", false, "After showing the state, watch for changes, until interrupted")
	cmd.Flags().BoolVar(&o.wait, "wait", false, "Wait until the tenants are Ready")
	cmd.Flags().DurationVar(&o.timeout, "timeout", 10*time.Minute, "How long --wait waits")
	cmd.Flags().DurationVar(&o.interval, "interval", 5*time.Second, "How often --wait reads the cluster, and --watch what it has no permission to watch")
	return cmd
}

// validate rejects wrong flags before anything is read.
func (o *options) validate(cmd *cobra.Command) error {
	const hint = "See 'kubectl orthweb status --help' for usage."
	repeats := o.watch || o.wait
	switch {
	case o.all && len(o.names) > 0:
		return advice.Add(errors.New("--all and the names of tenants can't be used together"), hint)
	case o.watch && o.wait:
		return advice.Add(errors.New("--watch and --wait can't be used together"), hint)
	case repeats && !o.origin.Live():
		return advice.Add(errors.New("--watch and --wait require a cluster: a snapshot does not change"), "Remove --from.")
	case repeats && o.save != "":
		return advice.Add(errors.New("--save can't be used with --watch or --wait"), hint)
	case cmd.Flags().Changed("timeout") && !o.wait:
		return advice.Add(errors.New("--timeout has no effect without --wait"), "Add --wait, or limit each request with --request-timeout.")
	case o.timeout <= 0 || o.interval < time.Second:
		return advice.Add(errors.New("--timeout must be above 0, and --interval a second or more"), hint)
	}
	return cmp.Or(o.fleet.Validate(cmd.Flags()), o.output.Validate())
}

func (o *options) run(ctx context.Context) error {
	switch {
	case o.fleet.Set():
		return o.runClusters(ctx)
	case o.watch:
		return o.watchLoop(ctx)
	case o.wait:
		return o.waitLoop(ctx)
	}
	if err := command.Vacant(o.save, o.force); err != nil { // before anything is read
		return err
	}
	snap, err := o.read(ctx)
	if err != nil {
		return err
	}
	if o.save != "" {
		if err := command.SaveSnapshot(o.save, o.force, snap); err != nil {
			return err
		}
	}
	statuses, err := selection.Named(snap, o.names, o.origin.Recording())
	if err != nil {
		return err
	}
	if err := o.print(o.call.Streams.Out, statuses, snap.Meta().At, o.output.Style(o.call.Streams.Out)); err != nil {
		return err
	}
	if err := o.call.Hooks.Deliver(func() (runtime.Object, error) {
		return versioned.Statuses(statuses, snap.Meta().At, len(o.names) == 1)
	}); err != nil {
		return err
	}
	o.advise(statuses)
	return verdictOf(statuses)
}

// read reads the recording, or of the cluster what the states require. A file has all that
// status reads of all tenants, since explain may read it later.
func (o *options) read(ctx context.Context) (*snapshot.Snapshot, error) {
	if o.save != "" || !o.origin.Live() {
		return o.call.Read(ctx, o.origin, queries.Status())
	}
	session, err := o.call.Session(ctx, false)
	if err != nil {
		return nil, err
	}
	snap, err := explain.ReadStatus(ctx, session, o.names...)
	return snap, command.WhenUnreachable(ctx, err)
}

// print prints lines, chains or objects.
func (o *options) print(w io.Writer, statuses []tenant.Status, now time.Time, style term.Style) error {
	if !o.output.Table() {
		object, err := versioned.Statuses(statuses, now, len(o.names) == 1)
		return o.output.Print(w, object, err)
	}
	if o.lines() {
		return render.Tenants(w, statuses, now, style)
	}
	return chains(w, statuses, now, style)
}

// lines reports whether each tenant has one line, not its whole chain.
func (o *options) lines() bool { return len(o.names) == 0 && !o.all }

// chains prints the chain of each tenant.
func chains(w io.Writer, statuses []tenant.Status, now time.Time, style term.Style) error {
	for i, s := range statuses {
		if i > 0 {
			escape.Fprintln(w)
		}
		if err := render.Chain(w, s, now, style); err != nil {
			return err
		}
	}
	return nil
}

// advise prints the next command on standard error.
func (o *options) advise(statuses []tenant.Status) {
	if !o.output.Table() || !o.lines() {
		return
	}
	out := o.call.Streams.ErrOut
	warnOfCollisions(out, statuses, o.call.Name, o.origin.Flags())
	if at := firstNotReady(statuses); at >= 0 {
		why(out, statuses, "", escape.Sprintf("%s explain %s%s", o.call.Name, escape.ShellWord(statuses[at].Name), o.origin.Flags()))
	}
}

// firstNotReady is the index of the first tenant that is not ready, -1 if there is none.
func firstNotReady(statuses []tenant.Status) int {
	return slices.IndexFunc(statuses, func(s tenant.Status) bool { return !s.Ready() })
}

// why counts the tenants that are not ready, and prints the command that explains one of them.
func why(out io.Writer, statuses []tenant.Status, in, explain string) {
	bad := 0
	for _, s := range statuses {
		if !s.Ready() {
			bad++
		}
	}
	verb := "are"
	if bad == 1 {
		verb = "is"
	}
	escape.Fprintf(out, "\n%d of %s%s %s not ready. Why: %s\n", bad, finding.Count(len(statuses), "tenant"), in, verb, escape.Composed(explain))
}

// warnOfCollisions reports each host name that two of the tenants claim once. The program and the
// flags are those of the command that explains it.
func warnOfCollisions(out io.Writer, statuses []tenant.Status, program, flags string) {
	for _, s := range statuses {
		for _, c := range s.Collisions {
			if s.Name < c.Other.Tenant {
				escape.Fprintf(out, "Warning: %s. What to do: %s explain %s%s\n", render.Collision(c), program, s.Name, flags)
			}
		}
	}
}

// verdictOf is the exit code of several tenants.
func verdictOf(statuses []tenant.Status) error {
	verdicts := make([]health.Status, len(statuses))
	for i, s := range statuses {
		verdicts[i] = s.Verdict.Status
	}
	return command.ExitFor(verdicts)
}
