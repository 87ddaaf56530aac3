package main

import (
	"context"
	"fmt"
	"syscall"
	"time"

	"github.com/digihunch/kubectl-orthweb/lab/build"
	"github.com/digihunch/kubectl-orthweb/lab/cluster"
	"github.com/digihunch/kubectl-orthweb/lab/faults"
	"github.com/digihunch/kubectl-orthweb/lab/gitserver"
	"github.com/digihunch/kubectl-orthweb/lab/state"
	"github.com/digihunch/kubectl-orthweb/lab/supervise"
	"github.com/digihunch/kubectl-orthweb/lab/switches"
)

// hands is the running lab into which faults are injected (faults.Lab).
type hands struct {
	dir  string
	lab  state.Lab
	conn *cluster.Cluster
}

func newHands(ctx context.Context, dir string) (*hands, error) {
	lab, err := running(ctx, dir)
	if err != nil {
		return nil, err
	}
	conn, err := cluster.Connect(supervise.Kubeconfig(dir))
	return &hands{dir: dir, lab: lab, conn: conn}, err
}

func (h *hands) Objects() *cluster.Cluster { return h.conn }

func (h *hands) Commit() (string, error) { return gitserver.Head(supervise.GitRoot(h.dir)) }

func (h *hands) Turn(name string, on bool) error { return switches.Turn(h.dir, name, on) }

func (h *hands) Pause(name string, on bool) error {
	p, ok := h.lab.Part(name)
	if !ok {
		return unknownPart(h.lab, name)
	}
	if on {
		return p.Process.Signal(syscall.SIGSTOP)
	}
	return p.Process.Signal(syscall.SIGCONT)
}

// inject injects the new faults, so that the lab then has all of them. They are recorded first,
// so a partial injection can be cleared.
func (h *hands) inject(ctx context.Context, all, isNew []faults.Fault) error {
	if err := faults.SetInjected(h.dir, all); err != nil {
		return err
	}
	for _, f := range isNew {
		stages, err := f.Stages()
		if err != nil {
			return err
		}
		if err := h.conn.Apply(ctx, "orthweb-lab", stages); err != nil {
			return err
		}
		if len(stages) > 0 {
			// kwok receives a Stage with a delay.
			time.Sleep(time.Second)
		}
		if err := faults.Do(ctx, h, append(f.AwaitPods(true), f.Before...)); err != nil {
			return fmt.Errorf("fault %s: %w", f.ID, err)
		}
	}
	if err := h.push(ctx, all); err != nil {
		return err
	}
	changed := false
	for _, f := range isNew {
		changed = changed || len(f.Do) > 0 || len(f.Pods) > 0
		if err := faults.Do(ctx, h, append(f.Do, f.AwaitPods(false)...)); err != nil {
			return fmt.Errorf("fault %s: %w", f.ID, err)
		}
	}
	if !changed {
		return nil
	}
	// Changes in the cluster become visible when Flux reconciles it.
	commit, err := h.Commit()
	if err != nil {
		return err
	}
	return h.conn.Reconcile(ctx, commit)
}

// clear reverts the faults in gone.
func (h *hands) clear(ctx context.Context, left, gone []faults.Fault) error {
	for _, f := range gone {
		stages, err := f.Stages()
		if err != nil {
			return err
		}
		for _, s := range stages {
			o := cluster.Objects{APIVersion: s.GetAPIVersion(), Kind: s.GetKind(), Name: s.GetName()}
			if err := h.conn.Delete(ctx, o); err != nil {
				return err
			}
		}
	}
	if err := h.push(ctx, left); err != nil {
		return err
	}
	for _, f := range gone {
		if err := faults.Do(ctx, h, f.Undo); err != nil {
			return fmt.Errorf("fault %s: %w", f.ID, err)
		}
		// kwok never processes a Pod again after a Stage has set its status.
		for _, p := range f.Pods {
			o := cluster.Objects{APIVersion: "v1", Kind: "Pod", Namespace: p.Namespace, Labels: p.Labels}
			if err := h.conn.Delete(ctx, o); err != nil {
				return err
			}
		}
	}
	return faults.SetInjected(h.dir, left)
}

// push pushes the tree with these faults and makes Flux reconcile it.
func (h *hands) push(ctx context.Context, list []faults.Fault) error {
	src, err := build.Find(h.lab.Source)
	if err != nil {
		return err
	}
	files, err := supervise.Tree(h.lab, list, src.ModuleDir)
	if err != nil {
		return err
	}
	commit, changed, err := gitserver.Push(supervise.WorkTree(h.dir), supervise.GitPath(h.dir), supervise.Message(list), files)
	if err != nil {
		return err
	}
	if changed {
		say("the tree is pushed at %.12s", commit)
	}
	return h.conn.Reconcile(ctx, commit)
}

var _ faults.Lab = &hands{}
