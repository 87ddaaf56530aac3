package dashboard

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/collect"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/portforward"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/queries"
)

const (
	// dialTimeout is how long the API server may take to open a tunnel.
	dialTimeout = 15 * time.Second
	// podTimeout is how long a connection waits for a ready pod, and podInterval is how often
	// the pods are read meanwhile.
	podTimeout  = 30 * time.Second
	podInterval = time.Second
)

// backend connects to a ready pod. After a failure, it chooses the pod again.
type backend struct {
	*options
	target

	mu sync.Mutex
	// lost is set when the pod may no longer be the right one.
	lost bool
	// last is the last error that was printed.
	last string
}

// dial connects to the pod, or to its replacement.
func (b *backend) dial(ctx context.Context) (net.Conn, error) {
	dialer := portforward.New(b.config)
	for again := false; ; again = true {
		port, err := b.choose(ctx)
		if err != nil {
			return nil, err
		}
		limited, cancel := context.WithTimeout(ctx, dialTimeout)
		conn, err := dialer.Dial(limited, port)
		cancel()
		if err == nil {
			return conn, nil
		}
		b.lose(port)
		if again || ctx.Err() != nil {
			return nil, err
		}
	}
}

// lose marks a pod as lost, unless another one has been chosen since.
func (b *backend) lose(port portforward.Port) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lost = b.lost || port.Pod == b.pod.GetName()
}

// choose is the port of the pod. If that was lost, it reads the pods until one is ready.
func (b *backend) choose(ctx context.Context) (portforward.Port, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	deadline := time.Now().Add(podTimeout)
	for b.lost {
		err := b.choosePod(ctx)
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			return portforward.Port{}, ctx.Err()
		}
		b.print(err)
		if time.Now().After(deadline) {
			return portforward.Port{}, err
		}
		select {
		case <-ctx.Done():
			return portforward.Port{}, ctx.Err()
		case <-time.After(podInterval):
		}
	}
	return portforward.Port{Namespace: b.pod.GetNamespace(), Pod: b.pod.GetName(), Number: int(b.podPort)}, nil
}

// choosePod reads the pods and chooses a ready one.
func (b *backend) choosePod(ctx context.Context) error {
	snap, err := b.call.Collect(ctx, []collect.Query{queries.Pods(b.endpoint.Service.GetNamespace())}, false)
	if err != nil {
		return err
	}
	pod, port, err := b.endpoint.Pod(snap)
	if err != nil {
		return err
	}
	if pod.GetName() != b.pod.GetName() {
		b.last = ""
		escape.Fprintf(b.call.Streams.ErrOut, "Pod %s was replaced: now forwarding to %s.\n", b.pod.GetName(), pod.GetName())
	}
	b.pod, b.podPort, b.lost = pod, port, false
	return nil
}

// failed handles the error of a connection: the next one chooses the pod again.
func (b *backend) failed(err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lost = true
	b.print(err)
}

// print prints an error, unless it was the last one.
func (b *backend) print(err error) {
	if text := fmt.Sprint(err); text != b.last {
		b.last = text
		escape.Fprintf(b.call.Streams.ErrOut, "error: %s\n", text)
	}
}
