package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/digihunch/kubectl-orthweb/lab/faults"
	"github.com/digihunch/kubectl-orthweb/lab/state"
)

func newFault(o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "fault",
		Short: "Inject and clear faults",
	}
	cmd.AddCommand(newFaultList(), newFaultInject(o), newFaultClear(o))
	return cmd
}

func newFaultList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the faults that can be injected",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := faults.All()
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 8, 2, ' ', 0)
			for _, f := range all {
				_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", f.ID, f.Name, f.Layer, f.Summary)
			}
			return w.Flush()
		},
	}
}

// faultOptions are the options of inject and clear.
type faultOptions struct {
	dir     string
	wait    bool
	timeout time.Duration
}

func (fo *faultOptions) flags(cmd *cobra.Command, wait string) {
	cmd.Flags().BoolVar(&fo.wait, "wait", false, wait)
	cmd.Flags().DurationVar(&fo.timeout, "timeout", 12*time.Minute, "the maximum time for the command")
}

func newFaultInject(o *options) *cobra.Command {
	fo := &faultOptions{}
	cmd := &cobra.Command{
		Use:   "inject FAULT...",
		Short: "Inject faults by ID or name, in addition to present ones",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			fo.dir = o.dir
			return fo.inject(cmd.Context(), args)
		},
	}
	fo.flags(cmd, "wait until they are visible")
	return cmd
}

func newFaultClear(o *options) *cobra.Command {
	fo := &faultOptions{}
	cmd := &cobra.Command{
		Use:   "clear [FAULT...]",
		Short: "Clear faults, or all of them",
		RunE: func(cmd *cobra.Command, args []string) error {
			fo.dir = o.dir
			return fo.clear(cmd.Context(), args)
		},
	}
	fo.flags(cmd, "wait until the lab is healthy again")
	return cmd
}

// locked changes the lab while it holds the lab's lock.
func (fo *faultOptions) locked(ctx context.Context, do func(context.Context, *hands) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, fo.timeout, fmt.Errorf("it took longer than %s (--timeout)", fo.timeout))
	defer cancel()
	// The lock prevents two changes, or a change and a stop, at the same time.
	unlock, err := state.Lock(fo.dir)
	if err != nil {
		return err
	}
	defer unlock()
	h, err := newHands(ctx, fo.dir)
	if err != nil {
		return err
	}
	return do(ctx, h)
}

func (fo *faultOptions) inject(ctx context.Context, names []string) error {
	return fo.locked(ctx, func(ctx context.Context, h *hands) error {
		have, err := faults.Injected(fo.dir)
		if err != nil {
			return err
		}
		wanted, err := faults.Find(names...)
		if err != nil {
			return err
		}
		isNew := slices.DeleteFunc(slices.Clone(wanted), func(f faults.Fault) bool { return has(have, f) })
		if err := h.inject(ctx, append(have, isNew...), isNew); err != nil {
			return err
		}
		if !fo.wait {
			return nil
		}
		began := time.Now()
		if err := faults.Wait(ctx, h, wanted); err != nil {
			return err
		}
		say("%s: visible after %s", ids(wanted), time.Since(began).Round(time.Second))
		return nil
	})
}

func (fo *faultOptions) clear(ctx context.Context, names []string) error {
	return fo.locked(ctx, func(ctx context.Context, h *hands) error {
		have, err := faults.Injected(fo.dir)
		if err != nil {
			return err
		}
		gone := have
		if len(names) > 0 {
			if gone, err = faults.Find(names...); err != nil {
				return err
			}
		}
		gone = slices.DeleteFunc(slices.Clone(gone), func(f faults.Fault) bool { return !has(have, f) })
		left := slices.DeleteFunc(slices.Clone(have), func(f faults.Fault) bool { return has(gone, f) })
		if err := h.clear(ctx, left, gone); err != nil {
			return err
		}
		if !fo.wait {
			return nil
		}
		if len(left) > 0 {
			return faults.Wait(ctx, h, left)
		}
		if list, err := watch(ctx, fo.dir); err != nil {
			return fmt.Errorf("waiting until the lab is healthy again: %w%s", err, unready(list))
		}
		return faults.WaitHealthy(ctx, h)
	})
}

func has(list []faults.Fault, f faults.Fault) bool {
	return slices.ContainsFunc(list, func(o faults.Fault) bool { return o.ID == f.ID })
}

func ids(list []faults.Fault) string {
	var out []string
	for _, f := range list {
		out = append(out, f.ID)
	}
	return strings.Join(out, ", ")
}
