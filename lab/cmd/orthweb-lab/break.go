package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/digihunch/kubectl-orthweb/lab/build"
	"github.com/digihunch/kubectl-orthweb/lab/cluster"
	"github.com/digihunch/kubectl-orthweb/lab/gitserver"
	"github.com/digihunch/kubectl-orthweb/lab/korthweb"
	"github.com/digihunch/kubectl-orthweb/lab/state"
	"github.com/digihunch/kubectl-orthweb/lab/supervise"
)

// change is a new tree for a running lab.
type change struct {
	dir     string
	fault   string
	wait    bool
	timeout time.Duration
}

func (c *change) flags(cmd *cobra.Command, wait string) {
	cmd.Flags().BoolVar(&c.wait, "wait", false, wait)
	cmd.Flags().DurationVar(&c.timeout, "timeout", 12*time.Minute, "how long to wait")
}

func newBreak(o *options) *cobra.Command {
	c := &change{}
	cmd := &cobra.Command{
		Use:   "break [FAULT]",
		Short: "Push the tree with a fault in it, or list the faults",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return listFaults(cmd)
			}
			c.dir, c.fault = o.dir, args[0]
			return c.run(cmd.Context())
		},
	}
	c.flags(cmd, "wait until Flux has applied the tree, or a layer failed")
	return cmd
}

func newMend(o *options) *cobra.Command {
	c := &change{}
	cmd := &cobra.Command{
		Use:   "mend",
		Short: "Push the tree as it should be",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c.dir = o.dir
			return c.run(cmd.Context())
		},
	}
	c.flags(cmd, "wait until every layer is Ready at the tree's commit")
	return cmd
}

func listFaults(cmd *cobra.Command) error {
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 8, 2, ' ', 0)
	for _, f := range korthweb.Faults() {
		_, _ = fmt.Fprintf(w, "%s\t%s\n", f.Name, f.Summary)
	}
	return w.Flush()
}

func (c *change) run(ctx context.Context) error {
	if err := c.push(ctx); err != nil {
		return err
	}
	if !c.wait {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, c.timeout, fmt.Errorf("it took longer than %s (--timeout)", c.timeout))
	defer cancel()
	list, err := watch(ctx, c.dir, c.fault != "")
	if err != nil {
		return fmt.Errorf("waiting for Flux: %w%s", err, unready(list))
	}
	return nil
}

// push changes the tree and tells Flux to look. The lock keeps two changes, or
// a change and a stop, apart.
func (c *change) push(ctx context.Context) error {
	unlock, err := state.Lock(c.dir)
	if err != nil {
		return err
	}
	defer unlock()
	lab, err := running(ctx, c.dir)
	if err != nil {
		return err
	}
	src, err := build.Find(lab.Source)
	if err != nil {
		return err
	}
	files, err := supervise.Tree(lab, c.fault, src.ModuleDir)
	if err != nil {
		return err
	}
	commit, changed, err := gitserver.Push(supervise.WorkTree(c.dir), lab.GitURL, supervise.Message(c.fault), files)
	if err != nil {
		return err
	}
	if changed {
		say("the tree is pushed at %.12s", commit)
	} else {
		say("the tree is so already at %.12s", commit)
	}
	conn, err := cluster.Connect(supervise.Kubeconfig(c.dir))
	if err != nil {
		return err
	}
	return conn.Reconcile(ctx)
}
