package operate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/explain"
	"github.com/digihunch/kubectl-orthweb/pkg/operate"
	"github.com/digihunch/kubectl-orthweb/pkg/operate/execute"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/render"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

var (
	reconcileLong = templates.LongDesc(`
		Reconcile a tenant now, instead of at its next interval.

		It triggers, in the order of their dependencies: the sources of the tenant's
		layers, the tenant's own layers, and its Helm releases that are not Ready, with
		their repositories and charts. It also triggers a shared layer that is not
		Ready, or for which a newer revision was fetched. If a release has exhausted its
		retries, its failure count is reset, so that Flux retries. The command waits for
		each object, and skips objects that depend on a failed one, or on one that does
		not exist. After a failure, it explains the cause, as 'explain' does.

		Nothing is triggered while one of the tenant's own objects is suspended: see
		'resume'.

		The exit status is 0 when all objects are Ready, 1 when one is not, 2 when the
		status could not be determined, 124 when --timeout expired.`)
	reconcileExample = templates.Examples(`
		# Apply what was pushed to Git
		kubectl orthweb reconcile bhs

		# Show what would be triggered for two tenants
		kubectl orthweb reconcile bhs mhr --dry-run

		# Trigger, and do not wait
		kubectl orthweb reconcile bhs --wait=false`)
)

// reconcileOptions are those of the commands that trigger reconciliations.
type reconcileOptions struct {
	options
	sources bool
	wait    bool
	timeout time.Duration
	// announced is set once the caller knows what will be changed.
	announced bool
}

// NewReconcile is the command "reconcile".
func NewReconcile(call *command.Call) *cobra.Command {
	o := &reconcileOptions{options: options{call: call}}
	return o.command(&cobra.Command{
		Use:     "reconcile TENANT...",
		Short:   "Reconcile a tenant now",
		Long:    reconcileLong,
		Example: reconcileExample,
	}, func(ctx context.Context) error {
		snap, statuses, err := o.read(ctx)
		if err != nil {
			return err
		}
		return o.reconcile(ctx, snap, statuses, false)
	})
}

// command completes a command that triggers reconciliations.
func (o *reconcileOptions) command(cmd *cobra.Command, run func(context.Context) error) *cobra.Command {
	cmd.Flags().BoolVar(&o.sources, "with-source", true, "Reconcile the sources of the layers first")
	cmd.Flags().BoolVar(&o.wait, "wait", true, "Wait until all triggered objects are Ready or have failed")
	cmd.Flags().DurationVar(&o.timeout, "timeout", 5*time.Minute, "How long --wait waits")
	return o.options.command(cmd, o.validate, run)
}

// validate rejects wrong flags before anything is read.
func (o *reconcileOptions) validate(cmd *cobra.Command) error {
	switch {
	case cmd.Flags().Changed("timeout") && (!o.wait || o.dryRun.Any()):
		return advice.Add(errors.New("--timeout has no effect without --wait"), "Remove it, or limit each request with --request-timeout.")
	case o.timeout <= 0:
		return advice.Add(errors.New("--timeout must be above 0"), "See '%s --help' for usage.", cmd.CommandPath())
	}
	return nil
}

// reconcile triggers the tenants, whose states are those of the snapshot. resumed treats
// their own objects as not suspended.
func (o *reconcileOptions) reconcile(ctx context.Context, snap *snapshot.Snapshot, statuses []tenant.Status, resumed bool) error {
	plan, err := operate.Reconcile(snap, statuses, operate.Options{Sources: o.sources, Resumed: resumed})
	if err != nil {
		return explainSuspended(err)
	}
	for _, note := range plan.Notes {
		escape.Fprintf(o.call.Streams.ErrOut, "%s.\n", note)
	}
	if len(plan.Steps) == 0 {
		return advice.Add(errors.New("nothing to trigger: the tenant has no layer or release, or none that can be read"),
			"Show the tenant: kubectl orthweb status %s", escape.ShellWord(statuses[0].Name))
	}
	run := operate.NewRun(plan)
	if !o.announced {
		if err := o.announce(operate.NewRun(plan).Would()); err != nil { // Would changes a run
			return err
		}
	}
	if o.dryRun == command.DryRunClient {
		return o.print(run.Would())
	}
	client, err := o.client()
	if err != nil {
		return err
	}
	if o.dryRun.Server() {
		results := run.Would()
		if err := execute.NewReconciler(client.DryRun(), run, snap.Meta().At, o.progress()).Check(ctx, results); err != nil {
			return explainChange(err)
		}
		return o.print(results)
	}
	reconciler := execute.NewReconciler(client, run, snap.Meta().At, o.progress())
	if o.wait {
		err = reconciler.Wait(ctx, o.timeout)
	} else {
		err = reconciler.Trigger(ctx, plan.Steps)
	}
	if unprinted := o.print(run.Results()); unprinted != nil {
		return unprinted
	}
	return o.outcome(run, plan, err, func(tenants []string) bool { return o.explain(ctx, tenants) })
}

// outcome is the exit code of a run, or its error. It explains a failure on standard error, or
// prints the command that does if the cause can't be explained.
func (o *reconcileOptions) outcome(run *operate.Run, plan operate.Plan, err error, explain func(tenants []string) bool) error {
	var late *execute.TimeoutError
	if errors.As(err, &late) {
		tenants := run.Tenants(operate.Pending, operate.Triggered, operate.Failing, operate.Blocked)
		if explain(tenants) {
			return command.TimedOut{Err: err}
		}
		return advice.Add(command.TimedOut{Err: err}, "%s", o.why(tenants))
	}
	if err != nil {
		return explainChange(err)
	}
	if tenants := run.Tenants(operate.Failing, operate.Blocked); len(tenants) > 0 {
		if !explain(tenants) {
			escape.Fprintf(o.call.Streams.ErrOut, "\n%s\n", o.why(tenants))
		}
		return command.No
	}
	for _, unknown := range plan.Unknown {
		escape.Fprintf(o.call.Streams.ErrOut, "Not triggered, because it could not be read: %s.\n", unknown)
	}
	if len(plan.Unknown) > 0 {
		return command.Unclear
	}
	return nil
}

// why is the command that explains the tenants.
func (o *reconcileOptions) why(tenants []string) string {
	return fmt.Sprintf("Why: %s explain %s", o.call.Name, string(escape.ShellWords(tenants)))
}

// explain explains on standard error why tenants are not ready. It reports whether it found a
// cause.
func (o *reconcileOptions) explain(ctx context.Context, tenants []string) bool {
	if len(tenants) == 0 {
		return false
	}
	session, err := o.call.Session(ctx, false)
	if err != nil {
		return false
	}
	_, answer, err := explain.Live(ctx, session, explain.Question{Arguments: tenants})
	if err != nil || answer.Err != nil {
		return false
	}
	if !slices.ContainsFunc(answer.Explanation.Subjects, func(s diagnose.Subject) bool { return len(s.Causes) > 0 }) {
		return false
	}
	stderr := o.call.Streams.ErrOut
	escape.Fprintf(stderr, "\n")
	return render.Explain(stderr, answer.Explanation, command.NewOutput().Style(stderr)) == nil
}
