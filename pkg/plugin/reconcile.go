package plugin

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/queries"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant/selection"
)

var (
	reconcileLong = templates.LongDesc(`
		Reconcile a tenant now, instead of at its next interval.

		It triggers, in the order of their dependencies: the sources of the tenant's
		layers, the tenant's own layers, and its Helm releases that are not Ready. It
		also triggers a shared layer that is not Ready, or for which a newer revision
		was fetched. A release that exhausted its retries can retry from the start.
		It waits for each object, and skips those that depend on a failed one.

		Nothing is triggered while one of the tenant's own objects is suspended: see
		'resume'.

		The exit status is 0 when all objects are Ready, 1 when one is not, 2 when this
		could not be determined, 124 when --timeout expired.`)
	reconcileExample = templates.Examples(`
		# Apply what was pushed to Git
		kubectl orthweb reconcile bhs

		# Show what would be triggered for two tenants
		kubectl orthweb reconcile bhs mhr --dry-run

		# Trigger, and do not wait
		kubectl orthweb reconcile bhs --wait=false`)
)

type reconcileOptions struct {
	call  *command.Call
	names []string
	asking
}

func newReconcile(call *command.Call) *cobra.Command {
	o := &reconcileOptions{call: call}
	cmd := &cobra.Command{
		Use:     "reconcile TENANT...",
		Short:   "Reconcile a tenant now",
		Long:    reconcileLong,
		Example: reconcileExample,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.names = args
			if err := errors.Join(command.SomeTenant(cmd, args), o.asking.validate(cmd)); err != nil {
				return err
			}
			return o.run(cmd.Context())
		},
	}
	o.asking.addTo(cmd.Flags())
	return cmd
}

func (o *reconcileOptions) run(ctx context.Context) error {
	snap, statuses, err := operated(o.call, ctx, o.names)
	if err != nil {
		return err
	}
	return o.asking.reconcile(ctx, o.call, snap, statuses, false)
}

// operated reads the tenants that the command changes, and of their chains the objects
// that Flux reconciles.
func operated(f *command.Call, ctx context.Context, names []string) (*snapshot.Snapshot, []tenant.Status, error) {
	snap, err := f.Collect(ctx, queries.Operate(), false)
	if err != nil {
		return nil, nil, err
	}
	statuses, err := selection.Named(snap, names, nil)
	return snap, statuses, err
}
