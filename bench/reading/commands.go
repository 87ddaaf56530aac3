//go:build linux

package main

import (
	"fmt"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/queries"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// command is a command to measure.
type command struct {
	// name is the command in the table.
	name string
	args []string
	// offline commands read no cluster.
	offline bool
	// answers means that exit status 1 is an answer, not an error.
	answers bool
}

// The names of the commands that the bars compare.
const (
	statusAll     = "`status`"
	statusTenant  = "`status TENANT`"
	explainAll    = "`explain`"
	explainTenant = "`explain TENANT`"
	fluxAll       = "`flux get all -A`"
)

// commands are those that are compared in a state, in turn.
func (b *bench) commands(s state, tree string, copies int) []command {
	orthweb := func(name string, args ...string) command {
		return command{name: name, args: append([]string{b.orthweb}, args...), answers: true}
	}
	kubectl := append([]string{b.kubectl, "get", strings.Join(statusKinds(), ","), "-A"}, "--ignore-not-found")
	switch {
	case s.broken == nil:
		return []command{
			orthweb(statusAll, "status"),
			{name: fluxAll, args: []string{b.flux, "get", "all", "-A"}},
			{name: "`kubectl get` of the same kinds", args: kubectl},
			{name: "the same with `-o json`", args: append(kubectl[:len(kubectl):len(kubectl)], "-o", "json")},
			orthweb(statusTenant, "status", "mhr"),
			orthweb(explainAll, "explain"),
			orthweb(explainTenant, "explain", "mhr"),
			orthweb("`cert list`", "cert", "list"),
			orthweb("`hosts list`", "hosts", "list", "--allow-address=127.0.0.0/8"),
			{name: "`lint`", args: []string{b.orthweb, "lint", tree}, offline: true, answers: true},
		}
	case s.broken(copies) == 1:
		broken := fmt.Sprintf("t%04d", copies)
		return []command{orthweb(explainAll, "explain"), orthweb(explainTenant, "explain", broken)}
	}
	return []command{orthweb(statusAll, "status"), orthweb(explainAll, "explain"), orthweb(explainTenant, "explain", "t0001")}
}

// statusKinds are the kinds that `status` reads completely.
func statusKinds() []string {
	var out []string
	for _, q := range queries.Status() {
		if q.FieldSelector != "" {
			continue
		}
		kind := object.PluralOf(q.Kind)
		if q.Group != "" {
			kind += "." + q.Group
		}
		out = append(out, kind)
	}
	return out
}
