package operate

import (
	"context"

	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/operate"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

var (
	suspendLong = templates.LongDesc(`
		Suspend reconciliation of a tenant, until 'resume'.

		It suspends the tenant's own layers and Helm releases: changes in Git are not
		applied to them, and manual changes in the cluster stay. Everything that runs
		continues to run. Layers that other tenants also depend on are never
		suspended.

		'status' then shows the tenant as Suspended. The exit status is 0 when the tenant
		is suspended, also if it already was, 2 when it could not be suspended.`)
	suspendExample = templates.Examples(`
		# Suspend a tenant while you troubleshoot it manually
		kubectl orthweb suspend bhs

		# Show what would be suspended
		kubectl orthweb suspend bhs --dry-run`)
)

// NewSuspend is the command "suspend".
func NewSuspend(call *command.Call) *cobra.Command {
	o := &options{call: call}
	return o.command(&cobra.Command{
		Use:     "suspend TENANT...",
		Short:   "Suspend reconciliation of a tenant",
		Long:    suspendLong,
		Example: suspendExample,
	}, func(*cobra.Command) error { return nil }, o.suspend)
}

func (o *options) suspend(ctx context.Context) error {
	snap, statuses, err := o.read(ctx)
	if err != nil {
		return err
	}
	switches, err := operate.Switches(snap, statuses)
	if err != nil {
		return explainSwitches(err)
	}
	if err := o.announce(operate.Suspend.Would(switches)); err != nil {
		return err
	}
	if o.dryRun.Any() {
		return o.wouldSet(ctx, operate.Suspend, switches)
	}
	if err := o.setSuspended(ctx, operate.Suspend, switches); err != nil {
		return err
	}
	var names []string
	for _, s := range statuses {
		names = append(names, s.Name)
	}
	names = distinct(names)
	escape.Fprintf(o.call.Streams.ErrOut, "\nReconciliation of %s is suspended: changes in Git are not applied, and manual changes in the cluster stay.\nUndo it: %s resume %s\n",
		escape.List(names), o.call.Name, string(escape.ShellWords(names)))
	return nil
}
