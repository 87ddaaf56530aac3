package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/digihunch/kubectl-orthweb/lab/load"
	"github.com/digihunch/kubectl-orthweb/lab/state"
	"github.com/digihunch/kubectl-orthweb/lab/supervise"
	"github.com/digihunch/kubectl-orthweb/lab/switches"
)

// loadOptions are the options of load.
type loadOptions struct {
	dir     string
	tenants int
	broken  string
	faults  []string
	like    string
}

func newLoad(o *options) *cobra.Command {
	lo := &loadOptions{}
	cmd := &cobra.Command{
		Use:   "load --tenants N",
		Short: "Fill the lab with copies of one of its tenants",
		Long: `Fill the lab with N copies of one of its tenants, t0001, t0002 and so on: all objects that the
controllers have made of it, with their statuses, under other names, with other addresses and
certificates. Copies beyond N are removed: --tenants 0 removes all.

The command changes only what differs from the lab's copies, so that it can be interrupted and
repeated, and another --broken is a matter of seconds. The layers of the other copies get the times
of a new reconciliation: without it, they are out of date after about 20 minutes.

The controllers must not change the copies. Flux's controllers ignore them by a label, and continue
to reconcile the lab's own tenants. kube-controller-manager, kube-scheduler and cert-manager are
paused until --tenants 0, kwok while objects are written. No Orthanc is started for a copy.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			lo.dir = o.dir
			return lo.run(cmd.Context())
		},
	}
	cmd.Flags().IntVar(&lo.tenants, "tenants", 0, "the number of copies that the lab has afterwards")
	cmd.Flags().StringVar(&lo.broken, "broken", "0", "the number or percentage (10%) of copies that are broken")
	cmd.Flags().StringSliceVar(&lo.faults, "faults", load.Faults(), "how copies are broken, in turn")
	cmd.Flags().StringVar(&lo.like, "like", "bhs", "the tenant to copy, which must be ready")
	_ = cmd.MarkFlagRequired("tenants")
	return cmd
}

// pausedParts are the parts that would change the copies, besides kwok and the cloud provider.
var pausedParts = []string{"kube-controller-manager", "kube-scheduler", "cert-manager"}

func (lo *loadOptions) run(ctx context.Context) error {
	states, err := lo.states()
	if err != nil {
		return err
	}
	unlock, err := state.Lock(lo.dir)
	if err != nil {
		return err
	}
	defer unlock()
	h, err := newHands(ctx, lo.dir)
	if err != nil {
		return err
	}
	l := &load.Loader{Cluster: h.conn, At: time.Now(), Say: say}
	if lo.tenants > 0 {
		if l.Template, err = load.Find(ctx, h.conn, lo.like); err != nil {
			return err
		}
	}
	resume, err := h.pauseForCopies()
	if err != nil {
		return err
	}
	err = l.Load(ctx, lo.tenants, func(number int) string { return states[number-1] })
	return errors.Join(err, resume(context.WithoutCancel(ctx), err == nil && lo.tenants == 0))
}

// pauseForCopies pauses the parts that would change copies, and kwok and the cloud provider until
// resume, which also resumes the others if no copies are left.
func (h *hands) pauseForCopies() (resume func(ctx context.Context, none bool) error, err error) {
	hadCloud := !switches.On(h.dir, switches.NoCloud)
	if err := h.Turn(switches.NoCloud, true); err != nil {
		return nil, err
	}
	for _, name := range append(slices.Clone(pausedParts), "kwok") {
		if err := h.Pause(name, true); err != nil {
			return nil, fmt.Errorf("pausing %s: %w", name, err)
		}
	}
	return func(ctx context.Context, none bool) error {
		errs := []error{h.Pause("kwok", false)}
		if hadCloud {
			errs = append(errs, h.Turn(switches.NoCloud, false))
		}
		if none {
			for _, name := range pausedParts {
				errs = append(errs, h.resume(ctx, name))
			}
		} else {
			say("%s are paused until orthweb-lab load --tenants 0", strings.Join(pausedParts, ", "))
		}
		return errors.Join(errs...)
	}, nil
}

// resume makes a part continue. The controller manager is replaced: after a long pause, it would
// first see that the kubelets have not renewed their leases, and mark all Pods as not ready, which
// kwok never reverts.
func (h *hands) resume(ctx context.Context, name string) error {
	if name != "kube-controller-manager" {
		return h.Pause(name, false)
	}
	if p, ok := h.lab.Part(name); ok && p.Process.Alive() {
		if err := p.Process.Signal(syscall.SIGKILL); err != nil {
			return err
		}
	}
	return supervise.Restart(ctx, h.dir, name)
}

// states are the states of the copies. Broken ones are spread evenly.
func (lo *loadOptions) states() ([]string, error) {
	if lo.tenants < 0 || lo.tenants > load.Max {
		return nil, fmt.Errorf("--tenants must be between 0 and %d", load.Max)
	}
	broken, err := lo.count()
	if err != nil {
		return nil, err
	}
	for _, fault := range lo.faults {
		if !slices.Contains(load.Faults(), fault) {
			return nil, fmt.Errorf("--faults: unknown fault %q: known are %s", fault, strings.Join(load.Faults(), ", "))
		}
	}
	if broken > 0 && len(lo.faults) == 0 {
		return nil, fmt.Errorf("--broken needs --faults")
	}
	states := make([]string, lo.tenants)
	n := 0
	for i := range states {
		states[i] = load.Healthy
		if (i+1)*broken/lo.tenants > n {
			states[i] = lo.faults[n%len(lo.faults)]
			n++
		}
	}
	return states, nil
}

// count is the number of broken copies.
func (lo *loadOptions) count() (int, error) {
	text, percent := strings.CutSuffix(lo.broken, "%")
	n, err := strconv.Atoi(text)
	limit := lo.tenants
	if percent {
		limit = 100
	}
	if err != nil || n < 0 || n > limit {
		return 0, fmt.Errorf("--broken must be a number of copies, or a percentage such as 10%%, not %q", lo.broken)
	}
	if percent {
		return (lo.tenants*n + 99) / 100, nil
	}
	return n, nil
}
