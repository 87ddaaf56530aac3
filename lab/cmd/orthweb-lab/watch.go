package main

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/digihunch/kubectl-orthweb/lab/cluster"
	"github.com/digihunch/kubectl-orthweb/lab/gitserver"
	"github.com/digihunch/kubectl-orthweb/lab/supervise"
)

// watch waits until every layer is Ready at the tree's commit. It prints the result of each.
func watch(ctx context.Context, dir string) ([]cluster.Kustomization, error) {
	c, err := cluster.Connect(supervise.Kubeconfig(dir))
	if err != nil {
		return nil, err
	}
	commit, err := gitserver.Head(supervise.GitRoot(dir))
	if err != nil {
		return nil, err
	}
	w := watcher{commit: commit, began: time.Now(), ready: map[string]bool{}, failed: map[string]bool{}}
	return c.Watch(ctx, func(list []cluster.Kustomization) bool {
		w.note(list)
		return cluster.AllReady(list, commit)
	})
}

// watcher records the results of the layers at one commit: a layer shows a failure only until
// Flux retries it.
type watcher struct {
	commit        string
	began         time.Time
	ready, failed map[string]bool
}

func (w *watcher) note(list []cluster.Kustomization) {
	for _, k := range list {
		if k.FailedAt(w.commit) && !w.failed[k.Name] {
			w.failed[k.Name] = true
			say("%s failed: %s: %s", k.Name, k.Ready.Reason, oneLine(k.Ready.Message))
		}
		if k.ReadyAt(w.commit) && !w.ready[k.Name] {
			w.ready[k.Name] = true
			say("%s is Ready: %s", k.Name, time.Since(w.began).Round(100*time.Millisecond))
		}
	}
}

// unready lists the layers that aren't Ready, for an error message.
func unready(list []cluster.Kustomization) string {
	var b strings.Builder
	for _, k := range list {
		if k.Ready.Status != "True" {
			_, _ = fmt.Fprintf(&b, "\n  %s: %s: %s", k.Name, k.Ready.Reason, oneLine(k.Ready.Message))
		}
	}
	return b.String()
}

// oneLine makes a message from the cluster fit on one line of a terminal.
func oneLine(message string) string {
	message = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, message)
	const most = 300
	if runes := []rune(message); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return message
}
