package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/digihunch/kubectl-orthweb/lab/build"
	"github.com/digihunch/kubectl-orthweb/lab/kubecontext"
	"github.com/digihunch/kubectl-orthweb/lab/state"
	"github.com/digihunch/kubectl-orthweb/lab/supervise"
)

func newDown(o *options) *cobra.Command {
	var keep bool
	cmd := &cobra.Command{
		Use:   "down",
		Short: "Stop the lab and remove its state",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return down(o.dir, keep) },
	}
	cmd.Flags().BoolVar(&keep, "keep", false, "keep the directory of the stopped lab with its logs; the next up clears it")
	return cmd
}

func down(dir string, keep bool) error {
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		say("there is no lab in %s", dir)
		return nil
	}
	unlock, err := state.Lock(dir)
	if err != nil {
		return err
	}
	defer unlock()
	lab, err := state.Load(dir)
	if err != nil {
		return err
	}
	began := time.Now()
	killed, err := state.Stop(lab)
	if err != nil {
		return err
	}
	if len(killed) > 0 {
		say("had to kill %s", strings.Join(killed, ", "))
	}
	say("the lab is stopped: %s", time.Since(began).Round(100*time.Millisecond))
	if dir == defaultDir() {
		if err := kubecontext.Remove(supervise.Kubeconfig(dir)); err != nil {
			say("its context is still in your kubeconfig: %v", err)
		}
	}
	if keep {
		say("its state is kept in %s", dir)
		return nil
	}
	return state.Remove(dir)
}

func newBuild(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "build",
		Short: "Build the lab's programs, those that aren't built yet, and print their directory",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			src, err := build.Find(o.source)
			if err != nil {
				return err
			}
			dir, err := build.Build(cmd.Context(), src, os.Stderr)
			if err != nil {
				return err
			}
			_, _ = fmt.Fprintln(cmd.OutOrStdout(), dir)
			return nil
		},
	}
}

func newKubeconfig(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "kubeconfig",
		Short: "Print the path of the lab's kubeconfig, whose context is orthweb-lab",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := running(cmd.Context(), o.dir); err != nil {
				return err
			}
			_, _ = fmt.Fprintln(cmd.OutOrStdout(), supervise.Kubeconfig(o.dir))
			return nil
		},
	}
}

// running loads the lab's state and checks that the lab runs.
func running(_ context.Context, dir string) (state.Lab, error) {
	lab, err := state.Load(dir)
	if err != nil {
		return lab, err
	}
	if !lab.Running() {
		return lab, errors.New("the lab in " + dir + " doesn't run: orthweb-lab up starts it again")
	}
	return lab, nil
}
