// Package command has what all commands share: how the program was called, the connection to
// the cluster or the recording instead, exit codes, output formats, prompts, passwords and
// waiting. It does not depend on any command.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/collect"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/request"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/recording"
)

// Call is how the program was called: kubectl's own flags, the streams, and names.
type Call struct {
	Kube    *genericclioptions.ConfigFlags
	Streams genericiooptions.IOStreams
	// Name is the program's name that the caller uses.
	Name string
	// Build is the program's version, which snapshots record.
	Build string
	// Kubernetes is the version of the program's Kubernetes client, empty if it is not known.
	Kubernetes string
	// ReadsRecordings is whether the command that was called has the flags of Origin.
	ReadsRecordings bool
	// Hooks are those of a caller in the same program; empty on a command line.
	Hooks Hooks
	// cluster is set for one of several clusters.
	cluster *Connection
}

// Connection is the connection to one of several clusters, instead of the one that the flags name.
type Connection struct {
	Config *request.Config
	// Namespaces are those of its contexts.
	Namespaces []string
}

// For returns the call for one of several clusters. It can't prompt: its input is empty. What it
// writes to standard error goes to errs.
func (c *Call) For(cluster *Connection, errs io.Writer) *Call {
	one := *c
	one.cluster = cluster
	one.Streams = genericiooptions.IOStreams{In: strings.NewReader(""), Out: io.Discard, ErrOut: errs}
	return &one
}

// Origin are the flags of a recording that is read instead of the cluster.
type Origin struct{ recording.Source }

// AddTo adds the flags to those of a command.
func (o *Origin) AddTo(flags *pflag.FlagSet) {
	flags.StringArrayVar(&o.From, "from", nil, fmt.Sprintf(
		"Read a recording instead of the cluster: a snapshot file, - for standard input, or a built-in example (%s). It can also be the output of 'kubectl get -o yaml' or 'kubectl cluster-info dump', as files (repeat the flag) or a directory",
		strings.Join(recording.Examples(), ", ")))
	flags.StringVar(&o.At, "at", "", "Time at which the output of kubectl was created, in RFC 3339; the newest time in the files by default. Not for snapshots, which record the time")
	flags.BoolVar(&o.Complete, "assume-complete", false, "Treat the output of kubectl as complete: objects not in it do not exist (not needed for a snapshot)")
}

// Live reports whether the cluster must be read.
func (o *Origin) Live() bool { return len(o.From) == 0 }

// Recording is the recording, nil for the cluster.
func (o *Origin) Recording() *recording.Source {
	if o.Live() {
		return nil
	}
	return &o.Source
}

// Arguments are the flags as arguments of another command that has them.
func (o *Origin) Arguments() []string {
	var args []string
	for _, from := range o.From {
		args = append(args, "--from="+from)
	}
	if o.At != "" {
		args = append(args, "--at="+o.At)
	}
	if o.Complete {
		args = append(args, "--assume-complete")
	}
	return args
}

// Read gets the facts from the source that the user named, or from the cluster.
func (c *Call) Read(ctx context.Context, o Origin, queries []collect.Query) (*snapshot.Snapshot, error) {
	if o.Live() {
		return c.Collect(ctx, queries, false)
	}
	return recording.Read(ctx, o.Source, c.Streams.In)
}

// Collect reads the cluster that the user's kubeconfig names.
func (c *Call) Collect(ctx context.Context, queries []collect.Query, version bool) (*snapshot.Snapshot, error) {
	session, err := c.Session(ctx, version)
	if err != nil {
		return nil, err
	}
	snap, err := session.Read(ctx, queries)
	return snap, WhenUnreachable(ctx, err)
}

// Session opens the cluster that the user's kubeconfig names.
func (c *Call) Session(ctx context.Context, version bool) (*collect.Session, error) {
	config, err := c.Config()
	if err != nil {
		return nil, err
	}
	opts := collect.Options{Plugin: c.Build, Version: version}
	if c.cluster != nil {
		opts.Namespaces = c.cluster.Namespaces
	} else if namespace, _, err := c.Kube.ToRawKubeConfigLoader().Namespace(); err == nil {
		opts.Namespaces = []string{namespace}
	}
	session, err := collect.Open(ctx, config, opts)
	return session, WhenUnreachable(ctx, err)
}

// SessionWhenReachable opens the cluster, which may not be available yet, however long that takes.
// unreachable is called with the error of each attempt, and ends the attempts with its own.
func (c *Call) SessionWhenReachable(ctx context.Context, every time.Duration, unreachable func(error) error) (*collect.Session, error) {
	for {
		session, err := c.Session(ctx, false)
		var gone *collect.Error
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if !errors.As(err, &gone) {
			return session, err
		}
		if err := unreachable(gone); err != nil {
			return nil, err
		}
		select {
		case <-time.After(every):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Namespace is that of -n, empty without it.
func (c *Call) Namespace() string {
	if c.Kube.Namespace == nil {
		return ""
	}
	return *c.Kube.Namespace
}

// WhenUnreachable adds a hint to the error of a cluster that can't be reached, or whose answer
// is not that of an API server.
func WhenUnreachable(ctx context.Context, err error) error {
	return request.WhenUnreachable(ctx, err)
}
