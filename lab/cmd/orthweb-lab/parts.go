package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/digihunch/kubectl-orthweb/lab/state"
	"github.com/digihunch/kubectl-orthweb/lab/supervise"
)

func newLogs(o *options) *cobra.Command {
	var follow bool
	cmd := &cobra.Command{
		Use:   "logs PART",
		Short: "Print the log of a part, or of the supervisor",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return logs(cmd.Context(), o.dir, args[0], follow, cmd.OutOrStdout())
		},
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "follow the log until interrupted")
	return cmd
}

func logs(ctx context.Context, dir, name string, follow bool, out io.Writer) error {
	lab, err := state.Load(dir)
	if err != nil {
		return err
	}
	if _, ok := lab.Part(name); !ok && name != "supervisor" {
		return unknownPart(lab, name)
	}
	if name == "helm" || name == "cloud-provider" {
		name = "supervisor"
	}
	f, err := os.Open(supervise.Log(dir, name))
	if err != nil {
		return fmt.Errorf("reading the log: %w", err)
	}
	defer func() { _ = f.Close() }()
	err = wait.PollUntilContextCancel(ctx, 200*time.Millisecond, true, func(context.Context) (bool, error) {
		_, err := io.Copy(out, f)
		return !follow, err
	})
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("reading the log: %w", err)
	}
	return nil
}

func newPause(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "pause PART",
		Short: "Pause a part's process (SIGSTOP), as if it hung",
		Args:  cobra.ExactArgs(1),
		RunE:  func(cmd *cobra.Command, args []string) error { return signalPart(cmd, o.dir, args[0], syscall.SIGSTOP) },
	}
}

func newResume(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "resume PART",
		Short: "Resume a paused part",
		Args:  cobra.ExactArgs(1),
		RunE:  func(cmd *cobra.Command, args []string) error { return signalPart(cmd, o.dir, args[0], syscall.SIGCONT) },
	}
}

func newCrash(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "crash PART",
		Short: "Kill a part (SIGKILL), as if it crashed",
		Args:  cobra.ExactArgs(1),
		RunE:  func(cmd *cobra.Command, args []string) error { return signalPart(cmd, o.dir, args[0], syscall.SIGKILL) },
	}
}

func newRestart(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "restart PART",
		Short: "Stop a part, unless it has ended, and start it again",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			lab, err := running(cmd.Context(), o.dir)
			if err != nil {
				return err
			}
			p, ok := lab.Part(args[0])
			if !ok {
				return unknownPart(lab, args[0])
			}
			if p.Process == lab.Supervisor || strings.HasPrefix(p.Name, "gateway-") {
				return fmt.Errorf("the supervisor controls %s itself: it can't be restarted", p.Name)
			}
			return supervise.Restart(cmd.Context(), o.dir, args[0])
		},
	}
}

func signalPart(cmd *cobra.Command, dir, name string, sig syscall.Signal) error {
	lab, err := running(cmd.Context(), dir)
	if err != nil {
		return err
	}
	p, ok := lab.Part(name)
	if !ok {
		return unknownPart(lab, name)
	}
	if p.Process == lab.Supervisor {
		return fmt.Errorf("%s runs inside the supervisor and can't be paused by itself", name)
	}
	if !p.Process.Alive() {
		return fmt.Errorf("%s is not running: see orthweb-lab logs %s", name, name)
	}
	return p.Process.Signal(sig)
}

func unknownPart(lab state.Lab, name string) error {
	var names []string
	for _, p := range lab.Parts {
		names = append(names, p.Name)
	}
	sort.Strings(names)
	return fmt.Errorf("the lab has no part %q; it has supervisor, %s", name, strings.Join(names, ", "))
}
