package portforward

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

const (
	// maxConnections is how many connections are forwarded at the same time; a browser opens
	// six for a page. Others wait.
	maxConnections = 64
	// lingerTimeout is how long the pod may still send after the client has finished sending.
	lingerTimeout = time.Minute
)

// Serve accepts connections and copies each to and from one that dial opens, until ctx ends,
// which is its error. It closes the listener. failed is called with the error of each
// connection that could not be opened or was lost; calls do not overlap.
func Serve(ctx context.Context, listener net.Listener, dial func(context.Context) (net.Conn, error), failed func(error)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = listener.Close() })
	defer stop()
	var connections sync.WaitGroup
	var reporting sync.Mutex
	free := make(chan struct{}, maxConnections)
	defer connections.Wait()
	defer cancel()
	for {
		select {
		case free <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		local, err := listener.Accept()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return err
		}
		connections.Go(func() {
			defer func() { <-free }()
			if err := forward(ctx, local, dial); err != nil && ctx.Err() == nil {
				reporting.Lock()
				defer reporting.Unlock()
				failed(err)
			}
		})
	}
}

// forward copies one connection. It returns when both sides have finished, or ctx ends.
func forward(ctx context.Context, local net.Conn, dial func(context.Context) (net.Conn, error)) error {
	defer func() { _ = local.Close() }()
	remote, err := dial(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = remote.Close() }()
	stop := context.AfterFunc(ctx, func() {
		_ = local.Close()
		_ = remote.Close()
	})
	defer stop()
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		_, err := io.Copy(remote, local)
		half, ok := remote.(interface{ CloseWrite() error })
		if err != nil || !ok || half.CloseWrite() != nil {
			_ = remote.Close()
			return
		}
		_ = remote.SetReadDeadline(time.Now().Add(lingerTimeout))
	}()
	_, err = io.Copy(struct{ io.Writer }{local}, remote) // a net.TCPConn would wrap the tunnel's errors
	_, _ = local.Close(), remote.Close()                 // the pod accepts nothing more
	<-sent
	var closed *net.OpError // of the client's connection: those of the tunnel have other errors
	if errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &closed) {
		return nil
	}
	return err
}
