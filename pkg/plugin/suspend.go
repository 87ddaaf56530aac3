package plugin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/patch"
	"github.com/digihunch/kubectl-orthweb/pkg/operate"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

var (
	suspendLong = templates.LongDesc(`
		Suspend reconciliation of a tenant, until 'resume'.

		It suspends the tenant's own layers and Helm releases: changes in Git are not
		applied to them, and manual changes in the cluster stay. Everything that runs
		continues to run. Layers that other tenants also depend on are never
		suspended.

		'status' then shows the tenant as Suspended. The exit status is 0 when it is
		suspended, or already was, 2 when suspending failed.`)
	suspendExample = templates.Examples(`
		# Suspend a tenant while you troubleshoot it manually
		kubectl orthweb suspend bhs

		# Show what would be suspended
		kubectl orthweb suspend bhs --dry-run`)
)

type suspendOptions struct {
	call   *command.Call
	names  []string
	dryRun bool
}

func newSuspend(call *command.Call) *cobra.Command {
	o := &suspendOptions{call: call}
	cmd := &cobra.Command{
		Use:     "suspend TENANT...",
		Short:   "Suspend reconciliation of a tenant",
		Long:    suspendLong,
		Example: suspendExample,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.names = args
			if err := command.SomeTenant(cmd, args); err != nil {
				return err
			}
			return o.run(cmd.Context())
		},
	}
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "Show what would be done, without doing it")
	return cmd
}

func (o *suspendOptions) run(ctx context.Context) error {
	snap, statuses, err := operated(o.call, ctx, o.names)
	if err != nil {
		return err
	}
	switches, err := operate.Switches(snap, statuses)
	if err != nil {
		return explainSwitches(err)
	}
	if o.dryRun {
		return sayOperation(o.call, operate.Suspend.Would(switches))
	}
	if err := setSuspended(o.call, ctx, operate.Suspend, switches); err != nil {
		return err
	}
	names := namesOf(statuses)
	escape.Fprintf(o.call.Streams.ErrOut, "\nReconciliation of %s is suspended: changes in Git are not applied, and manual changes in the cluster stay.\nUndo it: %s resume %s\n",
		escape.List(names), o.call.Name, string(escape.ShellWords(names)))
	return nil
}

func namesOf(statuses []tenant.Status) []string {
	var names []string
	for _, s := range statuses {
		names = appendMissing(names, s.Name)
	}
	return names
}

// setSuspended suspends or resumes the objects that are not in this state yet, one at a time, and
// prints the result of each, also after an error.
func setSuspended(f *command.Call, ctx context.Context, to operate.Turn, switches []operate.Switch) error {
	client, err := changer(f)
	if err != nil {
		return err
	}
	var done []operate.Result
	for _, s := range switches {
		if s.Suspended != to.Suspended() {
			if err = setOneSuspended(f, ctx, client, to, s); err != nil {
				break
			}
		}
		done = append(done, to.Did(s))
	}
	if len(done) > 0 {
		if saying := sayOperation(f, done); saying != nil {
			return saying
		}
	}
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return explainChange(err)
}

// How often, and for how long, the change of an object is retried after a conflict or
// while the API server restarts.
var (
	turnEvery = 500 * time.Millisecond
	turnFor   = 10 * time.Second
)

// setOneSuspended suspends or resumes one object. The change is idempotent: it is retried when
// an answer was lost, instead of stopping halfway through a tenant.
func setOneSuspended(f *command.Call, ctx context.Context, client *patch.Client, to operate.Turn, s operate.Switch) error {
	lines := command.Progress{}
	limited, cancel := context.WithTimeout(ctx, turnFor)
	defer cancel()
	var err error
	_ = command.Repeat(limited, turnEvery, func(context.Context) (bool, error) {
		err = client.Merge(ctx, s.Ref, to.Patch()) // not limited: a request that has begun is answered
		var failed *patch.Error
		if err == nil || !errors.As(err, &failed) || !failed.Passing() || limited.Err() != nil {
			return true, nil
		}
		lines.Report(f.Streams.ErrOut, s.Ref.String(), fmt.Sprintf("being retried: %v", err))
		return false, nil
	})
	return err
}

// explainSwitches adds a hint to the error of tenants that can't be suspended.
func explainSwitches(err error) error {
	var none *operate.NoOwnError
	var unread *operate.UnreadError
	switch {
	case errors.As(err, &none):
		return advice.Add(err, "Show its layers: kubectl orthweb status %s", escape.ShellWord(none.Tenant))
	case errors.As(err, &unread):
		return advice.Add(err, "Request permission to list them (docs/rbac.md has the role, orthweb-viewer).")
	}
	return err
}
