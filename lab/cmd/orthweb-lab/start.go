package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/digihunch/kubectl-orthweb/lab/state"
	"github.com/digihunch/kubectl-orthweb/lab/supervise"
)

func newSupervise(o *options) *cobra.Command {
	return &cobra.Command{
		Use:    "supervise",
		Short:  "Run the lab; up starts this in the background",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE:   func(cmd *cobra.Command, _ []string) error { return supervise.Run(cmd.Context(), o.dir) },
	}
}

// start starts the supervisor in its own session and prints its log until all parts are
// healthy. It returns the process even with an error.
func (u *upOptions) start(ctx context.Context) (state.Process, error) {
	path := supervise.Log(u.dir, "supervisor")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return state.Process{}, fmt.Errorf("creating the directory of the logs: %w", err)
	}
	log, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return state.Process{}, fmt.Errorf("opening the supervisor's log: %w", err)
	}
	defer func() { _ = log.Close() }()
	self, err := os.Executable()
	if err != nil {
		return state.Process{}, fmt.Errorf("finding this program: %w", err)
	}
	cmd := exec.Command(self, "supervise", "--dir", u.dir)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return state.Process{}, fmt.Errorf("starting the supervisor: %w", err)
	}
	process, err := state.Identify(cmd.Process.Pid)
	if err != nil {
		return process, fmt.Errorf("the supervisor ended at once: %w", err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	return process, u.follow(ctx, path, ended)
}

// follow copies the supervisor's log to standard error until the lab has
// started or failed.
func (u *upOptions) follow(ctx context.Context, path string, ended <-chan struct{}) error {
	log, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("opening the supervisor's log: %w", err)
	}
	defer func() { _ = log.Close() }()
	lines := bufio.NewReader(log)
	err = wait.PollUntilContextCancel(ctx, 100*time.Millisecond, true, func(context.Context) (bool, error) {
		over := false
		select { // before the state is read, to include the last lines
		case <-ended:
			over = true
		default:
		}
		lab, err := state.Load(u.dir)
		if err != nil {
			return false, err
		}
		// The log is read after the phase, to include the last lines. The error of up reports a
		// failure.
		if lab.Phase != state.Failed {
			_, _ = io.Copy(os.Stderr, lines)
		}
		switch {
		case lab.Phase == state.Started:
			return true, nil
		case lab.Phase == state.Failed || over && lab.Error != "":
			return false, errors.New(lab.Error)
		case over:
			return false, errors.New("the supervisor ended before everything was up; its last words are above")
		}
		return false, nil
	})
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
