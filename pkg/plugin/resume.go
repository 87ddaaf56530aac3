package plugin

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/operate"
)

var (
	resumeLong = templates.LongDesc(`
		Undo 'suspend', then have Flux try the tenant at once, as 'reconcile' does.

		It resumes the tenant's own layers and Helm releases, whoever suspended them.
		What was changed by hand meanwhile is set back to what Git says.

		The exit status is 0 when all of it is Ready, 1 when something is not, 2 when
		it could not be told, 124 when --timeout ran out.`)
	resumeExample = templates.Examples(`
		# Let Flux go on
		kubectl orthweb resume bhs

		# See what would be resumed and asked
		kubectl orthweb resume bhs --dry-run`)
)

type resumeOptions struct {
	facts *factsFlags
	names []string
	asking
}

func newResume(facts *factsFlags) *cobra.Command {
	o := &resumeOptions{facts: facts}
	cmd := &cobra.Command{
		Use:     "resume TENANT...",
		Short:   "Resume reconciliation of a tenant",
		Long:    resumeLong,
		Example: resumeExample,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.names = args
			if err := errors.Join(someTenant(cmd, args), o.asking.validate(cmd)); err != nil {
				return err
			}
			return o.run(cmd.Context())
		},
	}
	o.asking.addTo(cmd.Flags())
	return cmd
}

func (o *resumeOptions) run(ctx context.Context) error {
	snap, statuses, err := o.facts.operated(ctx, o.names)
	if err != nil {
		return err
	}
	switches, err := operate.Switches(snap, statuses)
	if err != nil {
		return explainSwitches(err)
	}
	// What else is suspended is found out before anything is touched.
	if _, err := operate.Reconcile(snap, statuses, operate.Options{Sources: o.sources, Resumed: true}); err != nil {
		return explainSuspended(err)
	}
	if o.dryRun {
		if err := o.facts.sayOperation(operate.Resume.Would(switches)); err != nil {
			return err
		}
		return o.asking.reconcile(ctx, o.facts, snap, statuses, true)
	}
	if err := o.facts.turn(ctx, operate.Resume, switches); err != nil {
		return err
	}
	if snap, statuses, err = o.facts.operated(ctx, o.names); err != nil {
		return err
	}
	return o.asking.reconcile(ctx, o.facts, snap, statuses, false)
}
