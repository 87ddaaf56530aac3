package plugin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/digihunch/kubectl-orthweb/examples"
	"github.com/digihunch/kubectl-orthweb/pkg/collect"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// factsFlags say where facts come from: the cluster of the kubeconfig, or a
// recorded one.
type factsFlags struct {
	kube    *genericclioptions.ConfigFlags
	streams genericiooptions.IOStreams
}

// examplePrefix marks a --from that is built into the program.
const examplePrefix = "example:"

func addFromFlag(flags *pflag.FlagSet, from *string) {
	flags.StringVar(from, "from", "", fmt.Sprintf(
		"Read a snapshot instead of the cluster: a file, - for standard input, or one of %s",
		strings.Join(exampleNames(), ", ")))
}

func exampleNames() []string {
	names := examples.Names()
	for i, name := range names {
		names[i] = examplePrefix + name
	}
	return names
}

// read gets the facts: from the snapshot that from names, or when it is empty,
// from the cluster.
func (f *factsFlags) read(ctx context.Context, from string, wants []collect.Want) (*snapshot.Snapshot, error) {
	if from == "" {
		return f.collect(ctx, wants, false)
	}
	source, err := f.open(from)
	if err != nil {
		return nil, err
	}
	defer source.Close()
	snap, err := snapshot.Read(source)
	if err != nil {
		return nil, fmt.Errorf("reading the snapshot %s: %w", from, err)
	}
	return snap, nil
}

func (f *factsFlags) open(from string) (io.ReadCloser, error) {
	if name, ok := strings.CutPrefix(from, examplePrefix); ok {
		content, err := examples.Open(name)
		if err != nil {
			return nil, withHint(fmt.Errorf("no example is called %q", name), "There are: %s.", strings.Join(exampleNames(), ", "))
		}
		return io.NopCloser(bytes.NewReader(content)), nil
	}
	if from == "-" {
		return io.NopCloser(f.streams.In), nil
	}
	file, err := os.Open(from)
	if errors.Is(err, os.ErrNotExist) {
		return nil, withHint(fmt.Errorf("there is no file %s", from),
			"Make one with 'kubectl orthweb snapshot save %s', or try --from=example:healthy.", from)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the snapshot: %w", err)
	}
	return file, nil
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
	config, err := f.kube.ToRESTConfig()
	if err != nil {
		return nil, withHint(fmt.Errorf("reading the kubeconfig: %w", err),
			"Choose a cluster with --context or --kubeconfig, or look at a recorded one with --from=example:healthy.")
	}
	opts := collect.Options{Plugin: buildVersion(), Version: version}
	if namespace, _, err := f.kube.ToRawKubeConfigLoader().Namespace(); err == nil {
		opts.Namespaces = []string{namespace}
	}
	session, err := collect.Open(ctx, config, opts)
	return session, whenGone(ctx, err)
}

// whenGone adds what to do to the error of a cluster that can't be reached.
func whenGone(ctx context.Context, err error) error {
	var gone *collect.Error
	if errors.As(err, &gone) && ctx.Err() == nil {
		return withHint(err, "Check the cluster with 'kubectl version', or choose another with --context.")
	}
	return err
}
