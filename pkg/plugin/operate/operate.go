// Package operate implements the commands that change what Flux reconciles: reconcile, suspend and
// resume.
package operate

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/patch"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/queries"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/operate"
	"github.com/digihunch/kubectl-orthweb/pkg/operate/execute"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/render"
	"github.com/digihunch/kubectl-orthweb/pkg/render/versioned"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant/selection"
)

// options are what all commands that change tenants have.
type options struct {
	call   *command.Call
	names  []string
	dryRun command.DryRun
	// printed are the results that have been printed.
	printed []operate.Result
}

// command completes a command that changes the named tenants. validate rejects wrong flags
// before anything is read.
func (o *options) command(cmd *cobra.Command, validate func(*cobra.Command) error, run func(context.Context) error) *cobra.Command {
	o.dryRun.AddTo(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o.names = args
		if err := errors.Join(command.SomeTenant(cmd, args), validate(cmd)); err != nil {
			return err
		}
		return run(cmd.Context())
	}
	return cmd
}

// read reads the tenants that the command changes, and of their chains the objects that Flux
// reconciles.
func (o *options) read(ctx context.Context) (*snapshot.Snapshot, []tenant.Status, error) {
	snap, err := o.call.Collect(ctx, queries.Operate(), false)
	if err != nil {
		return nil, nil, err
	}
	statuses, err := selection.Named(snap, o.names, nil)
	return snap, statuses, err
}

// client is a client that may change the cluster of the kubeconfig.
func (o *options) client() (*patch.Client, error) {
	config, err := o.call.Config()
	if err != nil {
		return nil, err
	}
	return patch.NewClient(config)
}

// wouldSet prints what setSuspended would do, after the API server has checked it if that is
// requested.
func (o *options) wouldSet(ctx context.Context, to operate.Operation, switches []operate.Switch) error {
	if o.dryRun.Server() {
		client, err := o.client()
		if err != nil {
			return err
		}
		if _, err := execute.SetSuspended(ctx, client.DryRun(), to, switches, o.progress()); err != nil {
			return explainChange(err)
		}
	}
	return o.print(to.Would(switches))
}

// setSuspended suspends or resumes the objects, and prints the result of each, also after an
// error.
func (o *options) setSuspended(ctx context.Context, to operate.Operation, switches []operate.Switch) error {
	client, err := o.client()
	if err != nil {
		return err
	}
	done, err := execute.SetSuspended(ctx, client, to, switches, o.progress())
	if len(done) > 0 {
		if unprinted := o.print(done); unprinted != nil {
			return unprinted
		}
	}
	if ctx.Err() != nil && err != nil {
		return ctx.Err()
	}
	return explainChange(err)
}

// progress reports each change of an object's state on standard error.
func (o *options) progress() execute.Progress {
	lines, errs := command.Progress{}, o.call.Streams.ErrOut
	return execute.Progress{
		Result: func(r operate.Result) { lines.Report(errs, r.Ref.String(), render.OperationLine(r)) },
		Retrying: func(ref object.Ref, err error) {
			lines.Report(errs, ref.String(), fmt.Sprintf("being retried: %v", err))
		},
	}
}

func (o *options) print(results []operate.Result) error {
	out := o.call.Streams.Out
	if err := render.Operation(out, results, command.NewOutput().Style(out)); err != nil {
		return err
	}
	o.printed = append(o.printed, results...)
	return o.call.Hooks.Deliver(func() (runtime.Object, error) { return versioned.Operation(o.printed) })
}

// announce tells a caller in the same program what will be changed.
func (o *options) announce(planned []operate.Result) error {
	return o.call.Hooks.Announce(func() (runtime.Object, error) { return versioned.Operation(planned) })
}

// explainChange adds a hint to the error of an object that could not be changed.
func explainChange(err error) error {
	var failed *patch.Error
	switch {
	case !errors.As(err, &failed):
		return err
	case failed.Forbidden():
		return advice.Add(err, "Request permission to get and patch %s in this namespace (docs/rbac.md has the role, orthweb-operator).", failed.Resource)
	case failed.Passing():
		return advice.Add(err, "Try again, perhaps with a longer --request-timeout.")
	}
	return advice.Add(err, "Check the current state: kubectl orthweb status")
}

// explainSuspended adds to the error how to resume the suspended objects.
func explainSuspended(err error) error {
	var suspended *operate.SuspendedError
	switch {
	case !errors.As(err, &suspended):
		return err
	case len(suspended.Own) > 0:
		return advice.Add(err, "Resume it, which also triggers it: kubectl orthweb resume %s", string(escape.ShellWords(suspended.Tenants)))
	}
	return advice.Add(err, "The source may be shared, so the user who suspended it must resume it. To continue with the revision that was fetched before, add --with-source=false.")
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

// distinct are the names without repetitions, in their order.
func distinct(names []string) []string {
	var all []string
	for _, name := range names {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}
