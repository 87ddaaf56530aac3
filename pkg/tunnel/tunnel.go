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
	"os"
	"strings"
	"sync"

	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
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

// Dialer opens tunnels through an API server.
type Dialer struct {
	config *rest.Config
	said   *tail
}

// New makes a dialer for the API server that config names. From then on what
// client-go would log of its own accord is kept for the errors of connections
// instead: its port-forward reports them nowhere else
// (k8s.io/client-go/tools/portforward, handleConnection).
func New(config *rest.Config) *Dialer {
	d := &Dialer{config: config, said: &tail{}}
	utilruntime.ErrorHandlers = []utilruntime.ErrorHandler{
		func(_ context.Context, err error, _ string, _ ...any) { fmt.Fprintln(d.said, err) },
	}
	return d
}

// Dial connects to the pod's port; closing the connection ends its tunnel. It
// needs the right to create pods/portforward. A pod that refuses the connection is
// seen only when it is used: its errors then say what the other end has complained
// of.
//
// Each connection has a tunnel of its own: where several share one, the other end
// may not hear that one of them was closed.
func (d *Dialer) Dial(ctx context.Context, port Port) (net.Conn, error) {
	connection, err := d.open(ctx, port)
	if err != nil {
		return nil, fmt.Errorf("forwarding port %d of pod %s/%s: %w", port.Number, port.Namespace, port.Pod, err)
	}
	return connection, nil
}

func (d *Dialer) open(ctx context.Context, port Port) (net.Conn, error) {
	dialer, err := d.dialer(port)
	if err != nil {
		return nil, err
	}
	stop, ready, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	forwarder, err := portforward.NewOnAddressesForStreaming(dialer, []string{"127.0.0.1"},
		[]string{fmt.Sprintf("0:%d", port.Number)}, stop, ready, io.Discard, d.said)
	if err != nil {
		return nil, err
	}
	go func() { ended <- forwarder.ForwardPorts() }()
	select {
	case <-ctx.Done():
		close(stop)
		return nil, ctx.Err()
	case err := <-ended:
		if err == nil {
			err = errors.New("the API server closed the connection")
		}
		return nil, err
	case <-ready:
	}
	ports, err := forwarder.GetPorts()
	if err == nil {
		var inner net.Conn
		if inner, err = (&net.Dialer{}).DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", ports[0].Local)); err == nil {
			return &conn{Conn: inner, said: d.said, stop: sync.OnceFunc(func() { close(stop) })}, nil
		}
	}
	close(stop)
	return nil, err
}

// conn ends its tunnel when it is closed, and says in its errors what the other
// end has complained of.
type conn struct {
	net.Conn
	said *tail
	stop func()
}

func (c *conn) Close() error {
	err := c.Conn.Close()
	c.stop()
	return err
}

func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, net.ErrClosed) {
		if why := c.said.last(); why != "" {
			err = fmt.Errorf("%s: %w", why, err)
		}
	}
	return n, err
}

// dialer speaks SPDY over a WebSocket, and SPDY alone with API servers before
// 1.30, as kubectl does.
func (d *Dialer) dialer(port Port) (httpstream.Dialer, error) {
	base, _, err := rest.DefaultServerUrlFor(d.config)
	if err != nil {
		return nil, err
	}
	at := base.JoinPath("api/v1/namespaces", url.PathEscape(port.Namespace), "pods", url.PathEscape(port.Pod), "portforward")
	transport, upgrader, err := spdy.RoundTripperFor(d.config)
	if err != nil {
		return nil, err
	}
	plain := spdy.NewDialerForStreaming(upgrader, &http.Client{Transport: transport}, http.MethodPost, at)
	tunnelled, err := portforward.NewSPDYOverWebsocketDialerForStreaming(at, d.config)
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
