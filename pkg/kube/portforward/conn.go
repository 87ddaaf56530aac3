package portforward

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"k8s.io/streaming/pkg/httpstream"
)

// errLost is the error of a connection whose tunnel ended first.
var errLost = errors.New("the API server closed the connection")

const (
	// errorTimeout is how long the kubelet's error, which has a separate stream, and the
	// end of the data wait for each other.
	errorTimeout = time.Second
	// closeTimeout is how long Close waits until what was written is sent, and how
	// long the tunnel then waits for the pod to finish as well.
	closeTimeout = 500 * time.Millisecond
	// lostTimeout is how long it may take until a tunnel is known to be lost after its
	// streams have ended: only that distinguishes a stream that the API server has reset from
	// one that the pod has finished.
	lostTimeout = 50 * time.Millisecond
	// maxError bounds what is read of the kubelet's error, in bytes.
	maxError = 16 << 10
)

// conn is a connection to a pod's port: a pipe, whose other end is copied to and from the
// tunnel's data stream. Unlike a stream, a pipe has deadlines.
type conn struct {
	net.Conn
	far    net.Conn
	port   Port
	tunnel httpstream.Connection
	// sent is closed when all that was written is sent, received when nothing more
	// comes from the pod.
	sent, received chan struct{}

	mu sync.Mutex
	// finished: by CloseWrite. closed: by Close. ended: by the other side, because of failure, which is nil if the
	// pod has finished.
	finished, closed, ended bool
	failure                 error
}

// newConn starts the copying, which ends with the connection.
func newConn(port Port, tunnel httpstream.Connection, complaints, data httpstream.Stream) *conn {
	near, far := net.Pipe()
	c := &conn{Conn: near, far: far, port: port, tunnel: tunnel, sent: make(chan struct{}), received: make(chan struct{})}
	_ = complaints.Close() // nothing is sent on it
	complaint := make(chan string, 1)
	go func() {
		complaint <- readComplaint(complaints)
	}()
	go c.send(far, data)
	go c.receive(far, data, complaint)
	return c
}

// readComplaint returns what the kubelet reports, empty for nothing.
func readComplaint(complaints io.Reader) string {
	text, _ := io.ReadAll(io.LimitReader(complaints, maxError))
	return strings.TrimSpace(string(text))
}

// send copies the written data to the pod.
func (c *conn) send(far net.Conn, data httpstream.Stream) {
	defer close(c.sent)
	if _, err := io.Copy(data, far); err != nil && !c.isFinished() {
		c.end(far, c.lostError()) // it has ended already if the pipe was closed
	}
	_ = data.Close()
}

func (c *conn) isFinished() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.finished
}

// CloseWrite tells the pod that nothing more is sent. What the pod sends can still be read.
func (c *conn) CloseWrite() error {
	c.mu.Lock()
	c.finished = true
	c.mu.Unlock()
	return c.far.SetReadDeadline(time.Unix(0, 0)) // a pipe can't be closed in one direction
}

// receive copies what the pod sends, until it ends or the kubelet reports an error.
func (c *conn) receive(far net.Conn, data httpstream.Stream, complaint <-chan string) {
	defer close(c.received)
	copied := make(chan struct{})
	go func() {
		defer close(copied)
		if _, err := io.Copy(far, data); err != nil {
			_, _ = io.Copy(io.Discard, data) // after Close, until the pod has finished
		}
	}()
	select {
	case <-copied:
		c.end(far, c.reason(complaint, data))
	case text := <-complaint:
		if text == "" {
			<-copied
		} else {
			within(copied, errorTimeout) // what the pod has sent before is read first
		}
		c.end(far, c.reasonOf(text, data))
	}
	_ = data.Reset() // what the pod still sends must not block the tunnel
	<-copied
}

// reason waits for what the kubelet reports after the data has ended.
func (c *conn) reason(complaint <-chan string, data httpstream.Stream) error {
	timeout := time.NewTimer(errorTimeout)
	defer timeout.Stop()
	select {
	case text := <-complaint:
		return c.reasonOf(text, data)
	case <-timeout.C:
		return c.reasonOf("", data)
	}
}

// reasonOf returns why the data has ended: nil if the pod has finished.
func (c *conn) reasonOf(complaint string, data httpstream.Stream) error {
	if complaint != "" {
		return fmt.Errorf("forwarding %s: %s", c.port, complaint)
	}
	within(c.tunnel.CloseChan(), lostTimeout)
	if c.lost() || !c.isFinished() && data.Close() != nil { // a stream that was reset can't be closed
		return c.lostError()
	}
	return nil
}

func (c *conn) lostError() error { return fmt.Errorf("forwarding %s: %w", c.port, errLost) }

// lost reports whether the tunnel has ended.
func (c *conn) lost() bool {
	select {
	case <-c.tunnel.CloseChan():
		return true
	default:
		return false
	}
}

// end ends the connection from the pod's side. The first reason counts.
func (c *conn) end(far net.Conn, failure error) {
	c.mu.Lock()
	if !c.ended {
		c.ended, c.failure = true, failure
	}
	c.mu.Unlock()
	_ = far.Close()
}

// Read returns io.EOF, unwrapped, when the pod has finished, and never for a
// failure.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	return n, c.explain(err)
}

// Write fails when the connection has ended.
func (c *conn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	return n, c.explain(err)
}

// explain converts a pipe's error to the reason why the connection has ended.
func (c *conn) explain(err error) error {
	if err != io.EOF && err != io.ErrClosedPipe {
		return err // none, or a deadline
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return net.ErrClosed
	case c.failure != nil:
		return c.failure
	}
	return err
}

// Close sends what was written. The tunnel then ends in the background, as soon as
// the pod has finished as well.
func (c *conn) Close() error {
	c.mu.Lock()
	again := c.closed
	c.closed = true
	c.mu.Unlock()
	if again {
		return nil
	}
	err := c.Conn.Close()
	within(c.sent, closeTimeout)
	go func() {
		within(c.received, closeTimeout)
		_ = c.tunnel.Close()
	}()
	return err
}

// within waits for an event, for no longer than the time.
func within[T any](event <-chan T, longest time.Duration) {
	timeout := time.NewTimer(longest)
	defer timeout.Stop()
	select {
	case <-event:
	case <-timeout.C:
	}
}

// LocalAddr is the pipe's: there is no address on this machine.
func (c *conn) LocalAddr() net.Addr { return address("tunnel") }

// RemoteAddr names the pod's port.
func (c *conn) RemoteAddr() net.Addr { return address(c.port.String()) }

// address is that of a tunnel's end.
type address string

// Network is a name that no network has.
func (address) Network() string { return "tunnel" }

// String is the name of the tunnel's end.
func (a address) String() string { return string(a) }
