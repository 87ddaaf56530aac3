package plugin

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/operate"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

var (
	resumeLong = templates.LongDesc(`
		Undo 'suspend', then reconcile the tenant immediately, as 'reconcile' does.

		It resumes the tenant's own layers and Helm releases, including those that
		another user suspended. Manual changes in the meantime are reverted to what
		Git defines.

		The exit status is 0 when all objects are Ready, 1 when one is not, 2 when this
		could not be determined, 124 when --timeout expired.`)
	resumeExample = templates.Examples(`
		# Resume reconciliation
		kubectl orthweb resume bhs

		# Show what would be resumed and triggered
		kubectl orthweb resume bhs --dry-run`)
)

type resumeOptions struct {
	call  *command.Call
	names []string
	asking
}

func newResume(call *command.Call) *cobra.Command {
	o := &resumeOptions{call: call}
	cmd := &cobra.Command{
		Use:     "resume TENANT...",
		Short:   "Resume reconciliation of a tenant",
		Long:    resumeLong,
		Example: resumeExample,
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

func (o *resumeOptions) run(ctx context.Context) error {
	snap, statuses, err := operated(o.call, ctx, o.names)
	if err != nil {
		return err
	}
	switches, err := operate.Switches(snap, statuses)
	if err != nil {
		return explainSwitches(err)
	}
	// Other suspended objects are found before anything is changed.
	if _, err := operate.Reconcile(snap, statuses, operate.Options{Sources: o.sources, Resumed: true}); err != nil {
		return explainSuspended(err)
	}
	if o.dryRun {
		if err := sayOperation(o.call, operate.Resume.Would(switches)); err != nil {
			return err
		}
		return o.asking.reconcile(ctx, o.call, snap, statuses, true)
	}
	if err := setSuspended(o.call, ctx, operate.Resume, switches); err != nil {
		return err
	}
	if snap, statuses, err = operated(o.call, ctx, o.names); err != nil {
		return err
	}
	return o.asking.reconcile(ctx, o.call, snap, statuses, false)
}
