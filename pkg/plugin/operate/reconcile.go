package operate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/operate"
	"github.com/digihunch/kubectl-orthweb/pkg/operate/execute"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

var (
	reconcileLong = templates.LongDesc(`
		Reconcile a tenant now, instead of at its next interval.

		It triggers, in the order of their dependencies: the sources of the tenant's
		layers, the tenant's own layers, and its Helm releases that are not Ready. It
		also triggers a shared layer that is not Ready, or for which a newer revision
		was fetched. If a release has exhausted its retries, its failure count is reset,
		so that Flux retries. The command waits for each object, and skips objects that
		depend on a failed one.

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
	case cmd.Flags().Changed("timeout") && (!o.wait || o.dryRun):
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
	if o.dryRun {
		return o.print(run.Would())
	}
	client, err := o.client()
	if err != nil {
		return err
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
	return o.outcome(run, plan, err)
}

// outcome is the exit code of a run, or its error. It prints the next command on standard
// error.
func (o *reconcileOptions) outcome(run *operate.Run, plan operate.Plan, err error) error {
	var late *execute.TimeoutError
	if errors.As(err, &late) {
		why := o.why(run, operate.Pending, operate.Triggered, operate.Failing, operate.Blocked)
		return advice.Add(command.TimedOut{Err: err}, "%s", why)
	}
	if err != nil {
		return explainChange(err)
	}
	if why := o.why(run, operate.Failing, operate.Blocked); why != "" {
		escape.Fprintf(o.call.Streams.ErrOut, "\n%s\n", why)
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

// why is the command that explains the outcomes, empty if no object has one of them.
func (o *reconcileOptions) why(run *operate.Run, outcomes ...operate.Outcome) string {
	tenants := run.Tenants(outcomes...)
	if len(tenants) == 0 {
		return ""
	}
	return fmt.Sprintf("Why: %s explain %s", o.call.Name, string(escape.ShellWords(tenants)))
}
