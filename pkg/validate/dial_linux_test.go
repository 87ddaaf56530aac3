package validate

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// TestFirstRespondingAddress has addresses that refuse connections and silent ones before the
// one that answers.
func TestFirstRespondingAddress(t *testing.T) {
	t.Parallel()
	port := full(t, [4]byte{127, 0, 0, 3})
	there := check.Endpoint{Host: "web.bhs.orthweb.com", Port: int64(port)}
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 4), Port: port})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	for _, c := range []struct {
		about     string
		addresses []netip.Addr
		reaches   string
		fails     error
	}{
		{about: "after one that refuses", addresses: addresses("127.0.0.2", "127.0.0.4"), reaches: "127.0.0.4"},
		{about: "after one that is silent", addresses: addresses("127.0.0.3", "127.0.0.4"), reaches: "127.0.0.4"},
		{about: "none: the first tells why", addresses: addresses("127.0.0.2", "127.0.0.3"), fails: syscall.ECONNREFUSED},
	} {
		t.Run(c.about, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			conn, err := check.Options{}.Connect(ctx, check.Subject{Addresses: c.addresses}, there)
			if c.fails != nil {
				if !errors.Is(err, c.fails) {
					t.Errorf("%v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			if got := conn.RemoteAddr().(*net.TCPAddr).IP.String(); got != c.reaches {
				t.Errorf("reached %s", got)
			}
		})
	}
}

// full is the port of a listener that no longer answers: its queue has the minimum length, and
// is full.
func full(t *testing.T, at [4]byte) int {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := errors.Join(syscall.Bind(fd, &syscall.SockaddrInet4{Addr: at}), syscall.Listen(fd, 0)); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	port := name.(*syscall.SockaddrInet4).Port
	for { // until it no longer answers
		conn, err := net.DialTimeout("tcp", (&net.TCPAddr{IP: at[:], Port: port}).String(), 200*time.Millisecond)
		if err != nil {
			return port
		}
		t.Cleanup(func() { _ = conn.Close() })
	}
}
