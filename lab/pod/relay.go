package pod

import (
	"fmt"
	"io"
	"net"
	"sync"
)

// relay connects each connection of the listener to the address.
func relay(l net.Listener, to string) error {
	for {
		in, err := l.Accept()
		if err != nil {
			return fmt.Errorf("accepting a connection for %s: %w", to, err)
		}
		go join(in, to)
	}
}

// join copies in both directions until both ends are closed. If nothing listens, the
// connection is closed.
func join(in net.Conn, to string) {
	defer func() { _ = in.Close() }()
	out, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer func() { _ = out.Close() }()
	var wg sync.WaitGroup
	wg.Go(func() { pass(out, in) })
	wg.Go(func() { pass(in, out) })
	wg.Wait()
}

// pass copies until the sender ends, and signals that to the receiver. After an error neither
// direction is usable.
func pass(to, from net.Conn) {
	if _, err := io.Copy(to, from); err != nil {
		_, _ = to.Close(), from.Close()
		return
	}
	_ = to.(*net.TCPConn).CloseWrite()
}
