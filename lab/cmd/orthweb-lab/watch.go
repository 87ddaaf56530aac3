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

// watch waits until every layer is Ready at the tree's commit. With settle it
// is content with a layer that failed at it, too. It says what becomes Ready.
func watch(ctx context.Context, dir string, settle bool) ([]cluster.Kustomization, error) {
	c, err := cluster.Connect(supervise.Kubeconfig(dir))
	if err != nil {
		return nil, err
	}
	commit, err := gitserver.Head(supervise.GitRoot(dir))
	if err != nil {
		return nil, err
	}
	began := time.Now()
	said := map[string]bool{}
	return c.Watch(ctx, func(list []cluster.Kustomization) bool {
		failed := false
		for _, k := range list {
			if k.FailedAt(commit) {
				failed = true
				if !said["failed "+k.Name] {
					say("%s failed: %s: %s", k.Name, k.Ready.Reason, oneLine(k.Ready.Message))
				}
				said["failed "+k.Name] = true
			}
			if k.ReadyAt(commit) && !said[k.Name] {
				said[k.Name] = true
				say("%s is Ready: %s", k.Name, time.Since(began).Round(100*time.Millisecond))
			}
		}
		return cluster.AllReady(list, commit) || settle && failed
	})
}

// unready lists the layers that aren't Ready, for an error.
func unready(list []cluster.Kustomization) string {
	var b strings.Builder
	for _, k := range list {
		if k.Ready.Status != "True" {
			_, _ = fmt.Fprintf(&b, "\n  %s: %s: %s", k.Name, k.Ready.Reason, oneLine(k.Ready.Message))
		}
	}
	return b.String()
}

// oneLine makes a message from the cluster fit a line of a terminal's output.
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
