package portforward

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// serving is a Serve with its errors.
type serving struct {
	address string
	stop    context.CancelFunc
	ended   chan error
	failed  chan error
}

func serve(t *testing.T, dial func(context.Context) (net.Conn, error)) *serving {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	s := &serving{address: listener.Addr().String(), stop: stop, ended: make(chan error, 1), failed: make(chan error, 100)}
	go func() { s.ended <- Serve(ctx, listener, dial, func(err error) { s.failed <- err }) }()
	t.Cleanup(stop)
	return s
}

func (s *serving) connect(t *testing.T) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn.(*net.TCPConn)
}

// TestServe forwards connections in parallel. Each sends more than any buffer holds, finishes
// sending, and then reads what comes back.
func TestServe(t *testing.T) {
	bothProtocols(t, func(t *testing.T, api *apiServer) {
		api.pod = func(_ string, data io.ReadWriter) string {
			all, _ := io.ReadAll(data) // until the client has finished
			_, _ = data.Write(bytes.ToUpper(all))
			return ""
		}
		dialer := New(api.start(t))
		s := serve(t, func(ctx context.Context) (net.Conn, error) { return dialer.Dial(ctx, pod("istio-1")) })
		var all sync.WaitGroup
		for i := range 8 {
			conn := s.connect(t)
			all.Go(func() {
				text := strings.Repeat(fmt.Sprintf("connection %d ", i), 1<<15)
				if _, err := io.WriteString(conn, text); err != nil {
					t.Error(err)
				}
				_ = conn.CloseWrite()
				if got, err := io.ReadAll(conn); err != nil || string(got) != strings.ToUpper(text) {
					t.Errorf("connection %d got %d bytes of %d, %v", i, len(got), len(text), err)
				}
			})
		}
		all.Wait()
		s.stop()
		if err := <-s.ended; !errors.Is(err, context.Canceled) || len(s.failed) > 0 {
			t.Errorf("%v; %d failures", err, len(s.failed))
		}
	})
}

// TestServeFailures reports each connection that can't be opened or is refused by the pod, closes
// it, and continues.
func TestServeFailures(t *testing.T) {
	api := &apiServer{pod: func(name string, data io.ReadWriter) string {
		if name == "refuses" {
			return refused
		}
		return echo(name, data)
	}}
	dialer := New(api.start(t))
	var turn atomic.Int64
	s := serve(t, func(ctx context.Context) (net.Conn, error) {
		switch turn.Add(1) {
		case 1:
			return nil, errors.New("no ready pod")
		case 2:
			return dialer.Dial(ctx, pod("refuses"))
		}
		return dialer.Dial(ctx, pod("istio-1"))
	})
	for _, want := range []string{"no ready pod", refused} {
		if got, err := io.ReadAll(s.connect(t)); len(got) > 0 || err != nil && !strings.Contains(err.Error(), "reset") {
			t.Errorf("%q, %v", got, err)
		}
		if err := <-s.failed; !strings.Contains(err.Error(), want) {
			t.Errorf("%v, not %s", err, want)
		}
	}
	if err := exchange(s.connect(t), "hello"); err != nil {
		t.Error(err)
	}
}

// TestServeEnds ends with open connections, of which one is idle and one is stuck in the pod, and
// leaves none.
func TestServeEnds(t *testing.T) {
	stuck := make(chan struct{})
	defer close(stuck)
	api := &apiServer{pod: func(name string, data io.ReadWriter) string {
		if name == "stuck" {
			<-stuck
		}
		return echo(name, data)
	}}
	dialer, names := New(api.start(t)), make(chan string, 3)
	names <- "idle"
	names <- "stuck"
	dialing := make(chan struct{}, 2)
	s := serve(t, func(ctx context.Context) (net.Conn, error) {
		defer func() { dialing <- struct{}{} }()
		return dialer.Dial(ctx, pod(<-names))
	})
	idle := s.connect(t)
	if err := exchange(idle, "hello"); err != nil {
		t.Fatal(err)
	}
	<-dialing
	full := s.connect(t)
	<-dialing
	go func() { _, _ = io.WriteString(full, strings.Repeat("x", 8<<20)) }()
	s.stop()
	if err := <-s.ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", s.address); err == nil {
		t.Error("it still listens")
	}
	if _, err := idle.Read(make([]byte, 1)); err == nil {
		t.Error("a connection is still open")
	}
}

// TestServeClientGoes checks that a client that closes its connection is no failure.
func TestServeClientGoes(t *testing.T) {
	api := &apiServer{pod: func(_ string, data io.ReadWriter) string {
		for {
			if _, err := io.WriteString(data, strings.Repeat("x", 1<<16)); err != nil {
				return ""
			}
		}
	}}
	dialer := New(api.start(t))
	s := serve(t, func(ctx context.Context) (net.Conn, error) { return dialer.Dial(ctx, pod("istio-1")) })
	conn := s.connect(t)
	if _, err := io.ReadFull(conn, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetLinger(0)
	_ = conn.Close()
	api.open.Wait() // until its tunnel has ended
	s.stop()
	if err := <-s.ended; !errors.Is(err, context.Canceled) || len(s.failed) > 0 {
		t.Errorf("%v; %d failures", err, len(s.failed))
	}
}
