package plugin

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/patch"
	"github.com/digihunch/kubectl-orthweb/pkg/operate"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/render"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// asking are the flags of reconcile requests to Flux.
type asking struct {
	sources bool
	wait    bool
	timeout time.Duration
	dryRun  bool
}

func (a *asking) addTo(flags *pflag.FlagSet) {
	flags.BoolVar(&a.sources, "with-source", true, "Reconcile the sources of the layers first")
	flags.BoolVar(&a.wait, "wait", true, "Wait until all triggered objects are Ready or have failed")
	flags.DurationVar(&a.timeout, "timeout", 5*time.Minute, "How long --wait waits")
	flags.BoolVar(&a.dryRun, "dry-run", false, "Show what would be done, without doing it")
}

// Validate rejects wrong flags before anything is read.
func (a *asking) validate(cmd *cobra.Command) error {
	switch {
	case cmd.Flags().Changed("timeout") && (!a.wait || a.dryRun):
		return advice.Add(errors.New("--timeout has no effect without --wait"), "Remove it, or limit each request with --request-timeout.")
	case a.timeout <= 0:
		return advice.Add(errors.New("--timeout must be above 0"), "See '%s --help' for usage.", cmd.CommandPath())
	}
	return nil
}

// reconcile triggers the tenants, whose states are those of the snapshot. resumed treats
// their own objects as not suspended.
func (a *asking) reconcile(ctx context.Context, call *command.Call, snap *snapshot.Snapshot, statuses []tenant.Status, resumed bool) error {
	plan, err := operate.Reconcile(snap, statuses, operate.Options{Sources: a.sources, Resumed: resumed})
	if err != nil {
		return explainSuspended(err)
	}
	for _, note := range plan.Notes {
		escape.Fprintf(call.Streams.ErrOut, "%s.\n", note)
	}
	if len(plan.Steps) == 0 {
		return advice.Add(errors.New("nothing to trigger: the tenant has no layer or release, or none that can be read"),
			"Show the tenant: kubectl orthweb status %s", escape.ShellWord(statuses[0].Name))
	}
	run := operate.NewRun(plan)
	if a.dryRun {
		return sayOperation(call, wouldAsk(run.Results()))
	}
	r, err := newRequester(call, run, snap.Meta().At)
	if err != nil {
		return err
	}
	if a.wait {
		err = r.waitFor(ctx, a.timeout)
	} else {
		err = r.askAll(ctx, plan.Steps)
	}
	if saying := sayOperation(call, run.Results()); saying != nil {
		return saying
	}
	if err != nil {
		return r.explain(err)
	}
	return r.answer(plan)
}

func wouldAsk(results []operate.Result) []operate.Result {
	for i := range results {
		results[i].Outcome = operate.ToTrigger
	}
	return results
}

func sayOperation(f *command.Call, results []operate.Result) error {
	out := f.Streams.Out
	return render.Operation(out, results, command.NewOutput().Style(out))
}

// changer is a client that may change the cluster of the kubeconfig.
func changer(f *command.Call) (*patch.Client, error) {
	config, err := f.Config()
	if err != nil {
		return nil, err
	}
	return patch.NewClient(config)
}
