package plugin

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/collect"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/recording"
)

// factsFlags define where facts come from: the cluster of the kubeconfig, or a
// recorded one.
type factsFlags struct {
	kube    *genericclioptions.ConfigFlags
	streams genericiooptions.IOStreams
	// name is the program's name that the caller uses.
	name string
	// build is the program's version, which snapshots record.
	build string
}

// origin are the flags of a recording that is read instead of the cluster.
type origin struct{ recording.Source }

func (o *origin) addTo(flags *pflag.FlagSet) {
	flags.StringArrayVar(&o.From, "from", nil, fmt.Sprintf(
		"Read a snapshot instead of the cluster: a file, - for standard input, or one of %s; or the output of 'kubectl get -o yaml' or 'kubectl cluster-info dump': files (can be repeated) or a directory",
		strings.Join(recording.Examples(), ", ")))
	flags.StringVar(&o.At, "at", "", "Time at which kubectl printed the files, as RFC 3339; the newest time in them by default (a snapshot has its own time)")
	flags.BoolVar(&o.Complete, "assume-complete", false, "Treat the output of kubectl as complete: objects not in it do not exist (a snapshot records what was read)")
}

// live reports whether the cluster must be read.
func (o *origin) live() bool { return len(o.From) == 0 }

// source is the recording, nil for the cluster.
func (o *origin) source() *recording.Source {
	if o.live() {
		return nil
	}
	return &o.Source
}

// read gets the facts from the source that the user named, or from the cluster.
func (f *factsFlags) read(ctx context.Context, o origin, wants []collect.Want) (*snapshot.Snapshot, error) {
	if o.live() {
		return f.collect(ctx, wants, false)
	}
	return recording.Read(ctx, o.Source, f.streams.In)
}

// collect reads the cluster that the user's kubeconfig names.
func (f *factsFlags) collect(ctx context.Context, wants []collect.Want, version bool) (*snapshot.Snapshot, error) {
	session, err := f.session(ctx, version)
	if err != nil {
		return nil, err
	}
	snap, err := session.Read(ctx, wants)
	return snap, whenGone(ctx, err)
}

// session opens the cluster that the user's kubeconfig names.
func (f *factsFlags) session(ctx context.Context, version bool) (*collect.Session, error) {
	config, err := f.config()
	if err != nil {
		return nil, err
	}
	opts := collect.Options{Plugin: f.build, Version: version}
	if namespace, _, err := f.kube.ToRawKubeConfigLoader().Namespace(); err == nil {
		opts.Namespaces = []string{namespace}
	}
	session, err := collect.Open(ctx, config, opts)
	return session, whenGone(ctx, err)
}

// namespace is that of -n, empty without it.
func (f *factsFlags) namespace() string {
	if f.kube.Namespace == nil {
		return ""
	}
	return *f.kube.Namespace
}

// whenGone adds a hint to the error of a cluster that can't be reached, or whose answer
// is not that of an API server.
func whenGone(ctx context.Context, err error) error {
	if _, advised := advice.Of(err); err != nil && ctx.Err() == nil && !advised {
		return advice.Add(err, "Check the cluster with 'kubectl version', or choose another with --context.")
	}
	return err
}
