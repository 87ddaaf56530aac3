// Package portforward connects to a pod's port through the API server, as `kubectl port-forward`
// does, for machines that can't reach the ingress.
package portforward

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/streaming/pkg/httpstream"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/request"
)

// Port is a port of a pod.
type Port struct {
	Namespace, Pod string
	Number         int
}

// String is the port as errors name it.
func (p Port) String() string {
	return fmt.Sprintf("port %d of pod %s/%s", p.Number, p.Namespace, p.Pod)
}

// Dialer opens tunnels through an API server.
type Dialer struct {
	config *rest.Config
}

// New creates a dialer for the API server that config names.
func New(config *rest.Config) *Dialer { return &Dialer{config: request.Guard(config)} }

// Dial connects to the pod's port; closing the connection ends its tunnel. It needs the
// permission to create pods/portforward. That a pod refuses the connection shows only when
// the connection is used: its errors then contain what the kubelet has reported.
//
// Each connection has its own tunnel, because the kubelet's error of one connection makes the
// whole tunnel unusable (k8s.io/client-go/tools/portforward, handleConnection). client-go's
// PortForwarder is not used: it reports such an error to the whole program's error handlers,
// which do not know its connection, and it listens on a port of this machine.
func (d *Dialer) Dial(ctx context.Context, port Port) (net.Conn, error) {
	type result struct {
		conn *conn
		err  error
	}
	opened := make(chan result, 1)
	go func() {
		c, err := d.open(port)
		opened <- result{c, err}
	}()
	var r result
	select {
	case r = <-opened:
	case <-ctx.Done():
		go func() { // client-go's dialers accept no context
			if late := <-opened; late.err == nil {
				_ = late.conn.Close()
			}
		}()
		r.err = ctx.Err()
	}
	if r.err != nil {
		return nil, fmt.Errorf("forwarding %s: %w", port, r.err)
	}
	return r.conn, nil
}

func (d *Dialer) open(port Port) (*conn, error) {
	dialer, err := d.dialer(port)
	if err != nil {
		return nil, err
	}
	tunnel, protocol, err := dialer.Dial(portforward.PortForwardProtocolV1Name)
	if err != nil {
		return nil, dialError(err)
	}
	if protocol != portforward.PortForwardProtocolV1Name {
		_ = tunnel.Close()
		return nil, fmt.Errorf("the API server uses the protocol %q, not %q", protocol, portforward.PortForwardProtocolV1Name)
	}
	headers := http.Header{}
	headers.Set(corev1.PortHeader, strconv.Itoa(port.Number))
	headers.Set(corev1.PortForwardRequestIDHeader, "0")
	streams := [2]httpstream.Stream{}
	for i, kind := range []string{corev1.StreamTypeError, corev1.StreamTypeData} {
		headers.Set(corev1.StreamType, kind)
		if streams[i], err = createStream(tunnel, headers.Clone()); err != nil {
			_ = tunnel.Close()
			return nil, fmt.Errorf("creating the %s stream: %w", kind, err)
		}
	}
	return newConn(port, tunnel, streams[0], streams[1]), nil
}

// createStream also returns when the tunnel is lost: httpstream continues to wait for half a
// minute.
func createStream(tunnel httpstream.Connection, headers http.Header) (httpstream.Stream, error) {
	type result struct {
		stream httpstream.Stream
		err    error
	}
	created := make(chan result, 1)
	go func() {
		stream, err := tunnel.CreateStream(headers)
		created <- result{stream, err}
	}()
	select {
	case r := <-created:
		return r.stream, r.err
	case <-tunnel.CloseChan():
		return nil, errLost
	}
}

// dialError preserves the answer of the API server, so that callers can inspect it. An error
// of the network concerns the connection to the API server, and must not be mistaken for an
// answer of the pod.
func dialError(err error) error {
	var status apierrors.APIStatus
	var answer request.AnswerError
	switch {
	case errors.As(err, &status):
		return err
	case errors.As(err, &answer):
		return answer
	}
	return errors.New(err.Error())
}

// dialer uses SPDY over a WebSocket, and only SPDY with API servers before 1.30, as kubectl
// does.
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
	spdyOnly := spdy.NewDialerForStreaming(upgrader, &http.Client{Transport: transport}, http.MethodPost, at)
	overWebSocket, err := portforward.NewSPDYOverWebsocketDialerForStreaming(at, d.config)
	if err != nil {
		return nil, err
	}
	return portforward.NewFallbackDialerForStreaming(overWebSocket, spdyOnly, func(err error) bool {
		return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
	}), nil
}
