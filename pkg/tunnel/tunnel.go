// Package tunnel reaches a pod's port through the API server, as `kubectl
// port-forward` does, for machines that the ingress can't be reached from.
package tunnel

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/streaming/pkg/httpstream"
)

// Port is one of a pod.
type Port struct {
	Namespace, Pod string
	Number         int
}

// Tunnels are open ways to pods. They listen on loopback ports that the kernel
// chose, so that several connections can share one.
type Tunnels struct {
	config *rest.Config
	mu     sync.Mutex
	open   map[Port]*tunnel
}

type tunnel struct {
	address string
	stop    chan struct{}
	ended   chan error
	said    *tail
}

// New makes a set of tunnels through the API server that config names; none is
// open yet.
func New(config *rest.Config) *Tunnels {
	return &Tunnels{config: config, open: map[Port]*tunnel{}}
}

// Dial connects to the pod's port. It needs the right to create pods/portforward.
// A pod that refuses the connection is seen only when it is used: the tunnel
// closes it then, and Why says what was said.
func (t *Tunnels) Dial(ctx context.Context, port Port) (net.Conn, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	way := t.open[port]
	if way == nil {
		var err error
		if way, err = t.start(ctx, port); err != nil {
			return nil, fmt.Errorf("forwarding port %d of pod %s/%s: %w", port.Number, port.Namespace, port.Pod, err)
		}
		t.open[port] = way
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp", way.address)
}

// Why is what the other end last complained of, empty when it hasn't.
func (t *Tunnels) Why(port Port) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if way := t.open[port]; way != nil {
		return way.said.last()
	}
	return ""
}

// Close closes all tunnels.
func (t *Tunnels) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for port, way := range t.open {
		close(way.stop)
		delete(t.open, port)
	}
}

func (t *Tunnels) start(ctx context.Context, port Port) (*tunnel, error) {
	dialer, err := t.dialer(port)
	if err != nil {
		return nil, err
	}
	way := &tunnel{stop: make(chan struct{}), ended: make(chan error, 1), said: &tail{}}
	ready := make(chan struct{})
	forwarder, err := portforward.NewOnAddressesForStreaming(dialer, []string{"127.0.0.1"},
		[]string{fmt.Sprintf("0:%d", port.Number)}, way.stop, ready, io.Discard, way.said)
	if err != nil {
		return nil, err
	}
	go func() { way.ended <- forwarder.ForwardPorts() }()
	select {
	case <-ctx.Done():
		close(way.stop)
		return nil, ctx.Err()
	case err := <-way.ended:
		if err == nil {
			err = errors.New("the API server closed the connection")
		}
		return nil, err
	case <-ready:
	}
	ports, err := forwarder.GetPorts()
	if err != nil || len(ports) != 1 {
		close(way.stop)
		return nil, fmt.Errorf("no local port was opened: %w", err)
	}
	way.address = fmt.Sprintf("127.0.0.1:%d", ports[0].Local)
	return way, nil
}

// dialer speaks SPDY over a WebSocket, and SPDY alone with API servers before
// 1.30, as kubectl does.
func (t *Tunnels) dialer(port Port) (httpstream.Dialer, error) {
	base, _, err := rest.DefaultServerUrlFor(t.config)
	if err != nil {
		return nil, err
	}
	at := base.JoinPath("api/v1/namespaces", url.PathEscape(port.Namespace), "pods", url.PathEscape(port.Pod), "portforward")
	transport, upgrader, err := spdy.RoundTripperFor(t.config)
	if err != nil {
		return nil, err
	}
	plain := spdy.NewDialerForStreaming(upgrader, &http.Client{Transport: transport}, http.MethodPost, at)
	tunnelled, err := portforward.NewSPDYOverWebsocketDialerForStreaming(at, t.config)
	if err != nil {
		return nil, err
	}
	return portforward.NewFallbackDialerForStreaming(tunnelled, plain, func(err error) bool {
		return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
	}), nil
}

// tail keeps the last line that was written to it.
type tail struct {
	mu   sync.Mutex
	line string
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for line := range bytes.Lines(p) {
		if text := strings.TrimSpace(string(line)); text != "" {
			t.line = text
		}
	}
	return len(p), nil
}

func (t *tail) last() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.line
}
