package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/digihunch/kubectl-orthweb/lab/build"
	"github.com/digihunch/kubectl-orthweb/lab/cloud"
	"github.com/digihunch/kubectl-orthweb/lab/faults"
	"github.com/digihunch/kubectl-orthweb/lab/kubecontext"
	"github.com/digihunch/kubectl-orthweb/lab/state"
	"github.com/digihunch/kubectl-orthweb/lab/supervise"
)

type upOptions struct {
	*options
	healthTimeout time.Duration
	timeout       time.Duration
	firstAddress  string
	faults        []string
	mtls          bool
	peers         string
}

func newUp(o *options) *cobra.Command {
	u := &upOptions{options: o}
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Start the lab and wait until it is ready",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return u.run(cmd.Context()) },
	}
	cmd.Flags().DurationVar(&u.healthTimeout, "health-timeout", 0, "how long a layer's health checks may take (default: Flux's own, 9m30s)")
	cmd.Flags().DurationVar(&u.timeout, "timeout", 5*time.Minute, "how long the lab may take to become ready, without building")
	cmd.Flags().StringVar(&u.firstAddress, "first-address", cloud.DefaultFirst, "the first loopback address for a load balancer")
	cmd.Flags().StringSliceVar(&u.faults, "fault", nil, "start with these faults (see fault list) and wait until they are visible")
	cmd.Flags().BoolVar(&u.mtls, "mtls", false, "the tenants' Gateways request client certificates (TLS mode MUTUAL)")
	cmd.Flags().StringVar(&u.peers, "peers", peersAuto, "whether Orthanc and HAProxy serve the tenants' web and DICOM: required, auto (where the system has them) or none")
	return cmd
}

func (u *upOptions) run(ctx context.Context) error {
	unlock, err := state.Lock(u.dir)
	if err != nil {
		return err
	}
	defer unlock()
	if running, err := u.found(ctx); running || err != nil {
		return err
	}
	if _, err := cloud.ParseFirst(u.firstAddress); err != nil {
		return err
	}
	served, err := u.findPeers()
	if err != nil {
		return err
	}
	broken, err := faults.Find(u.faults...)
	if err != nil {
		return err
	}
	src, err := build.Find(u.source)
	if err != nil {
		return err
	}
	binaries, err := build.Build(ctx, src, os.Stderr)
	if err != nil {
		return err
	}
	began := time.Now()
	err = state.Create(u.dir, state.Lab{
		Phase: state.Starting, Source: src.Dir, Binaries: binaries,
		HealthTimeout: u.healthTimeout, FirstAddress: u.firstAddress, MutualTLS: u.mtls, Peers: served,
	})
	if err == nil {
		err = faults.SetInjected(u.dir, broken)
	}
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, u.timeout, fmt.Errorf("it took longer than %s (--timeout)", u.timeout))
	defer cancel()
	process, err := u.start(ctx)
	if err == nil {
		err = u.waitReady(ctx, broken)
	}
	if err != nil {
		return errors.Join(err, u.undo(process))
	}
	say("the lab is ready in %s", time.Since(began).Round(100*time.Millisecond))
	return u.introduce()
}

// introduce prints how to reach the lab. It adds the default lab to the user's kubeconfig as a
// context, but not a second lab or the labs of tests.
func (u *upOptions) introduce() error {
	if u.dir != defaultDir() {
		say("export KUBECONFIG=%s", supervise.Kubeconfig(u.dir))
		return nil
	}
	current, err := kubecontext.Add(supervise.Kubeconfig(u.dir))
	if err != nil {
		return fmt.Errorf("the lab runs, but: %w; export KUBECONFIG=%s", err, supervise.Kubeconfig(u.dir))
	}
	if current {
		say("it is the current context of your kubeconfig: kubectl orthweb status")
	} else {
		say("it is the context %s of your kubeconfig: kubectl orthweb status --context=%s", kubecontext.Name, kubecontext.Name)
	}
	return nil
}

// found checks the directory: it verifies and keeps a running lab, and removes the files of a
// stopped one.
func (u *upOptions) found(ctx context.Context) (running bool, err error) {
	lab, err := state.Load(u.dir)
	if errors.Is(err, state.ErrNoLab) {
		// This check precedes the build.
		return false, state.CheckFree(u.dir)
	}
	if err != nil {
		return false, err
	}
	if lab.Running() {
		say("the lab in %s runs already (process %d)", u.dir, lab.Supervisor.Pid)
		return true, report(ctx, u.dir, os.Stderr)
	}
	say("removing the state of a stopped lab in %s", u.dir)
	if _, err := state.Stop(lab); err != nil {
		return false, err
	}
	return false, state.Remove(u.dir)
}

// waitReady waits until Flux has made every layer Ready at the tree's commit or, with faults,
// until their signs are visible.
func (u *upOptions) waitReady(ctx context.Context, broken []faults.Fault) error {
	if len(broken) == 0 {
		list, err := watch(ctx, u.dir)
		if err != nil {
			return fmt.Errorf("waiting until every layer is ready: %w%s", err, unready(list))
		}
		return u.waitPeers(ctx)
	}
	h, err := newHands(ctx, u.dir)
	if err != nil {
		return err
	}
	for _, f := range broken {
		if err := faults.Do(ctx, h, append(f.Before, f.Do...)); err != nil {
			return fmt.Errorf("fault %s: %w", f.ID, err)
		}
	}
	return faults.Wait(ctx, h, broken)
}

// undo stops and removes what up started.
func (u *upOptions) undo(process state.Process) error {
	say("stopping it again")
	lab, err := state.Load(u.dir)
	if err != nil {
		return err
	}
	// The process is known here even if the supervisor has not recorded it yet.
	lab.Supervisor = process
	if _, err := state.Stop(lab); err != nil {
		return err
	}
	return state.Remove(u.dir)
}
