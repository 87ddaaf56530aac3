//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/digihunch/kubectl-orthweb/internal/resident"
)

// limit is the time that a command may take, and enough the time after which it is not run
// again.
const (
	limit  = 5 * time.Minute
	enough = 2 * time.Minute
)

// result is what was measured of a command.
type result struct {
	tenants int
	state   string
	command command

	wall, cpu []time.Duration
	memory    []int64 // bytes
	// requests, pages of which have a continue token, and the bytes of their answers.
	requests, pages int
	received        int64
	failed          string
}

// measure measures commands, in turn: first without a proxy, then through it.
func (b *bench) measure(ctx context.Context, tenants int, s state, commands []command) error {
	list := make([]*result, len(commands))
	for i, c := range commands {
		list[i] = &result{tenants: tenants, state: s.name, command: c}
	}
	for round := range b.rounds + 1 {
		for _, r := range list {
			if r.failed != "" || sum(r.wall) > enough {
				continue
			}
			wall, cpu, memory, err := b.once(ctx, b.kubeconfig, r.command)
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err != nil {
				r.failed = err.Error()
				fmt.Fprintf(os.Stderr, "%d tenants, %s, %s: %v\n", tenants, s.name, r.command.name, err)
				continue
			}
			if round > 0 || wall > enough { // the first run fills caches
				r.wall, r.cpu, r.memory = append(r.wall, wall), append(r.cpu, cpu), append(r.memory, memory)
			}
		}
	}
	for _, r := range list {
		if r.failed == "" && !r.command.offline {
			if err := b.count(ctx, r); err != nil {
				return err
			}
		}
		b.results = append(b.results, r)
		fmt.Fprintln(os.Stderr, r.row())
	}
	return nil
}

// count runs a command through the proxy. A first run fills the cache of what the API server
// serves, which is kept by address.
func (b *bench) count(ctx context.Context, r *result) error {
	for range 2 {
		b.proxy.reset()
		if _, _, _, err := b.once(ctx, b.proxy.kubeconfig, r.command); err != nil {
			return fmt.Errorf("%s through a proxy: %w", r.command.name, err)
		}
	}
	r.requests, r.pages, r.received = b.proxy.counted()
	return nil
}

// once runs a command.
func (b *bench) once(ctx context.Context, kubeconfig string, c command) (wall, cpu time.Duration, memory int64, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("took longer than %s", limit))
	defer cancel()
	report := filepath.Join(b.work, "report")
	cmd := b.meter.Command(ctx, report, c.args[0], c.args[1:]...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig, "HOME="+b.work, "XDG_CACHE_HOME="+filepath.Join(b.work, "cache"))
	var stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = io.Discard, &stderr
	began := time.Now()
	err = cmd.Run()
	wall = time.Since(began)
	if ctx.Err() != nil {
		return 0, 0, 0, context.Cause(ctx)
	}
	if exit := (*exec.ExitError)(nil); c.answers && errors.As(err, &exit) && exit.ExitCode() == 1 {
		err = nil
	}
	if err != nil {
		return 0, 0, 0, fmt.Errorf("%w: %s", err, bytes.TrimSpace(stderr.Bytes()))
	}
	memory, err = resident.Peak(report)
	return wall, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), memory, err
}

func sum(list []time.Duration) time.Duration {
	var out time.Duration
	for _, d := range list {
		out += d
	}
	return out
}

// median of a list that is not empty; the lower one of two.
func median[T time.Duration | int64](list []T) T {
	list = slices.Clone(list)
	slices.Sort(list)
	return list[(len(list)-1)/2]
}
