package fleet

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/clusters"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/kubeconfig"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

const (
	// atOnce bounds how many clusters are read at the same time, and so the memory of their objects.
	atOnce = 8
	// grace is how long a cluster may clean up after its time has ended. Then the result is no longer
	// waited for: it may be in a system call that nothing interrupts.
	grace = 850 * time.Millisecond
)

// Cluster is one of the selected clusters.
type Cluster struct {
	// Name is that of its context.
	Name string
	// Call connects to it. Its standard output is discarded: the caller prints the results.
	Call *command.Call
}

// Each runs read, which returns a T, for each selected cluster, several at the same time, and returns the results in the
// order of the selection. Each cluster has a time limit, which begins when its turn comes and
// includes its login; ctx of read ends with it. read should return only what is printed: the memory of
// the objects that it has read is then free.
//
// If a cluster does not have what the user named, read returns selection's error or an Absent, and may
// return a value, too. The error of Each is that of the selection or of ctx.
//
// The type of read does not have T: with a generic function that mentions Cluster, the linker keeps all
// methods of the types of kubectl's flags, half a megabyte.
func Each[T any](ctx context.Context, call *command.Call, flags *Flags, read func(context.Context, Cluster) (any, error)) ([]clusters.Result[T], error) {
	return typed[T](each(ctx, call, flags, read))
}

// typed gives the values of results their type again.
func typed[T any](results []clusters.Result[any], err error) ([]clusters.Result[T], error) {
	if err != nil {
		return nil, err
	}
	return clusters.Convert(results, func(value any) (T, error) {
		typed, ok := value.(T)
		if !ok && value != nil {
			panic(fmt.Sprintf("read returned a %T, not a %T", value, typed))
		}
		return typed, nil
	})
}

// each is Each without types.
func each(ctx context.Context, call *command.Call, flags *Flags, read func(context.Context, Cluster) (any, error)) ([]clusters.Result[any], error) {
	options, err := connectionFlags(call)
	if err != nil {
		return nil, err
	}
	config, contexts, err := flags.read(call)
	if err != nil {
		return nil, err
	}
	results := make([]clusters.Result[any], len(contexts))
	slots := make(chan struct{}, atOnce)
	var running sync.WaitGroup
	for i, c := range contexts {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
		running.Go(func() {
			defer func() { <-slots }()
			results[i] = within(ctx, flags.timeout, c.Name, func(ctx context.Context) clusters.Result[any] {
				return one(ctx, call, config, c, options, read)
			})
		})
	}
	running.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return results, nil
}

// within runs one with a time limit, and stops waiting for it shortly after the limit.
func within(ctx context.Context, limit time.Duration, name string, one func(context.Context) clusters.Result[any]) clusters.Result[any] {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	done := make(chan clusters.Result[any], 1)
	go func() { done <- one(ctx) }()
	result := clusters.Result[any]{Cluster: name}
	select {
	case result = <-done:
	case <-ctx.Done():
		select {
		case result = <-done:
		case <-time.After(grace):
		}
	}
	if ctx.Err() == nil {
		return result
	}
	late := clusters.Result[any]{Cluster: name, Notes: result.Notes, Err: fmt.Errorf("no answer within %s", limit)}
	if result.Err != nil {
		late.Err = fmt.Errorf("no answer within %s: %w", limit, result.Err)
	}
	return late
}

// one connects to a cluster and reads it.
func one(ctx context.Context, call *command.Call, config kubeconfig.Config, c kubeconfig.Context, options kubeconfig.Flags, read func(context.Context, Cluster) (any, error)) clusters.Result[any] {
	result := clusters.Result[any]{Cluster: c.Name}
	connection, err := kubeconfig.Connect(ctx, config, c.Name, options)
	if err != nil {
		result.Err = err
		return result
	}
	var errs bytes.Buffer
	own := call.For(&command.Connection{Config: connection, Namespaces: c.Namespaces}, &errs)
	result.Value, err = read(ctx, Cluster{Name: c.Name, Call: own})
	result.Notes = notes(c) + errs.String()
	if absent := absentOf(err); absent != nil {
		result.Absent, result.Err = absent.names, absent.uncertain
		result.Empty, result.Partial = len(absent.names) == 0, result.Err != nil
	} else {
		result.Err = err
	}
	return result
}

// notes say which contexts have the same cluster.
func notes(c kubeconfig.Context) string {
	var text bytes.Buffer
	for _, same := range c.Same {
		escape.Fprintf(&text, "the context %s has the same cluster and user; the cluster is read once\n", same)
	}
	if c.Shares != "" {
		escape.Fprintf(&text, "the context %s has the same cluster; both are read, because a context was named or has another user\n", c.Shares)
	}
	return text.String()
}
