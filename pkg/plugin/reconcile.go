package plugin

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/collect"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

var (
	reconcileLong = templates.LongDesc(`
		Have Flux try a tenant again now, instead of at its next interval.

		It asks, in the order in which they depend on each other: the sources of the
		tenant's layers, the tenant's own layers, and its Helm releases that are not
		Ready. A shared layer is asked too when it is not Ready, or when something
		newer was fetched for it. A release that Flux has given up gets its tries
		anew. Each is waited for; what depends on one that fails is not asked.

		Nothing is asked while something of the tenant's own is suspended: see
		'resume'.

		The exit status is 0 when all of it is Ready, 1 when something is not, 2 when
		it could not be told, 124 when --timeout ran out.`)
	reconcileExample = templates.Examples(`
		# What was pushed to Git, now
		kubectl orthweb reconcile bhs

		# See what would be asked, of two tenants
		kubectl orthweb reconcile bhs mhr --dry-run

		# Ask, and look later
		kubectl orthweb reconcile bhs --wait=false`)
)

type reconcileOptions struct {
	facts *factsFlags
	names []string
	asking
}

func newReconcile(facts *factsFlags) *cobra.Command {
	o := &reconcileOptions{facts: facts}
	cmd := &cobra.Command{
		Use:     "reconcile TENANT...",
		Short:   "Reconcile a tenant now",
		Long:    reconcileLong,
		Example: reconcileExample,
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

func (o *reconcileOptions) run(ctx context.Context) error {
	snap, statuses, err := o.facts.operated(ctx, o.names)
	if err != nil {
		return err
	}
	return o.asking.reconcile(ctx, o.facts, snap, statuses, false)
}

// someTenant refuses to do something to all tenants, or to none.
func someTenant(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return nil
	}
	return withHint(fmt.Errorf("%s takes the names of tenants", cmd.CommandPath()), "See which there are: kubectl orthweb status")
}

// operated reads the tenants that something is to be done to, and of their chains
// what Flux has a hand in.
func (f *factsFlags) operated(ctx context.Context, names []string) (*snapshot.Snapshot, []tenant.Status, error) {
	wants := append(collect.Wants(
		health.GitRepositoryKind, health.OCIRepositoryKind, health.BucketKind, health.ExternalArtifactKind, health.LeaseKind,
	), tenantKinds...)
	for _, want := range statusWants() {
		if want.GroupKind == health.EventKind {
			wants = append(wants, want)
		}
	}
	snap, err := f.collect(ctx, wants, false)
	if err != nil {
		return nil, nil, err
	}
	statuses, err := (&statusOptions{names: names}).assess(snap)
	return snap, statuses, err
}
