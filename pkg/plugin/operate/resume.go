package operate

import (
	"context"

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

		The exit status is 0 when all objects are Ready, 1 when one is not, 2 when the
		status could not be determined, 124 when --timeout expired.`)
	resumeExample = templates.Examples(`
		# Resume reconciliation
		kubectl orthweb resume bhs

		# Show what would be resumed and triggered
		kubectl orthweb resume bhs --dry-run`)
)

// NewResume is the command "resume".
func NewResume(call *command.Call) *cobra.Command {
	o := &reconcileOptions{options: options{call: call}}
	return o.command(&cobra.Command{
		Use:     "resume TENANT...",
		Short:   "Resume reconciliation of a tenant",
		Long:    resumeLong,
		Example: resumeExample,
	}, o.resume)
}

func (o *reconcileOptions) resume(ctx context.Context) error {
	snap, statuses, err := o.read(ctx)
	if err != nil {
		return err
	}
	switches, err := operate.Switches(snap, statuses)
	if err != nil {
		return explainSwitches(err)
	}
	// Other suspended objects are found before anything is changed.
	plan, err := operate.Reconcile(snap, statuses, operate.Options{Sources: o.sources, Resumed: true})
	if err != nil {
		return explainSuspended(err)
	}
	if err := o.announce(append(operate.Resume.Would(switches), operate.NewRun(plan).Would()...)); err != nil {
		return err
	}
	o.announced = true
	if o.dryRun.Any() {
		if err := o.wouldSet(ctx, operate.Resume, switches); err != nil {
			return err
		}
		return o.reconcile(ctx, snap, statuses, true)
	}
	if err := o.setSuspended(ctx, operate.Resume, switches); err != nil {
		return err
	}
	if snap, statuses, err = o.read(ctx); err != nil {
		return err
	}
	return o.reconcile(ctx, snap, statuses, false)
}
