package dicom

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/internal/octets"
)

// stuck accepts a part of a write, and then blocks until its deadline.
type stuck struct {
	replay
	limit  int
	writes *[]int
}

func (c stuck) Write(p []byte) (int, error) {
	*c.writes = append(*c.writes, len(p))
	if len(p) > c.limit {
		return c.limit, os.ErrDeadlineExceeded
	}
	return len(p), nil
}

// TestNothingAfterPartialPDU checks that no A-ABORT follows a partial PDU: the peer would take
// it for the rest of the PDU.
func TestNothingAfterPartialPDU(t *testing.T) {
	var writes []int
	conn := stuck{replay: replay{bytes.NewReader(octets.Parse(t, goldenAC))}, limit: 1000, writes: &writes}
	o := someOptions()
	o.Contexts = twoContexts
	a, err := Associate(context.Background(), conn, o)
	if err != nil {
		t.Fatal(err)
	}
	_, err = a.Store(context.Background(), someInstance, strings.NewReader(strings.Repeat("ab", 2000)))
	if _, ok := isError[*TimeoutError](err); !ok || len(writes) != 2 {
		t.Errorf("%v after writes of %d bytes", err, writes)
	}
}

// slowFarewell closes only after the connection below is closed, as a tls.Conn does whose peer
// has stopped reading.
type slowFarewell struct {
	stuck
	closed chan struct{}
}

func (c slowFarewell) Close() error { <-c.closed; return nil }

func (c slowFarewell) NetConn() net.Conn { return closer{closed: c.closed, once: new(sync.Once)} }

type closer struct {
	replay
	closed chan struct{}
	once   *sync.Once
}

func (c closer) Close() error { c.once.Do(func() { close(c.closed) }); return nil }

func TestSlowClose(t *testing.T) {
	conn := slowFarewell{closed: make(chan struct{})}
	conn.replay = replay{bytes.NewReader(octets.Parse(t, "03 00 00000004 00010107"))}
	conn.limit, conn.writes = 1000, new([]int)
	returned := make(chan error, 1)
	go func() { _, err := Associate(context.Background(), conn, someOptions()); returned <- err }()
	select {
	case err := <-returned:
		if _, ok := isError[*RejectError](err); !ok {
			t.Error(err)
		}
	case <-time.After(3 * time.Second):
		t.Error("closing hangs")
	}
}

// TestAbortAwaitsClose checks that the connection stays open after an A-ABORT until the peer
// closes it: an immediate close may destroy the A-ABORT in transit.
func TestAbortAwaitsClose(t *testing.T) {
	a := associated(t, 0, func(p *scripted) {
		p.message()
		p.send("06 00 00000004 00000000")
		p.expect("07 00 00000004 0000 02 02")
		_ = p.conn.SetReadDeadline(time.Now().Add(grace / 4))
		if _, err := p.conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the connection was closed: %v", err)
		}
	})
	_, err := a.Echo(context.Background())
	if _, ok := isError[*ProtocolError](err); !ok {
		t.Error(err)
	}
}

// TestCancelJustAfter checks that the association is aborted if the ctx ends after the
// operation has succeeded and before it returns.
func TestCancelJustAfter(t *testing.T) {
	a := associated(t, 0, func(p *scripted) { p.expect(abortByUser) })
	ctx, cancel := context.WithCancel(context.Background())
	done, err := a.begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	done()
	if !errors.Is(a.Err(), context.Canceled) {
		t.Errorf("the association says %v", a.Err())
	}
}

func TestMessageIDsSkipZero(t *testing.T) {
	a := associated(t, 0, func(p *scripted) {
		for _, want := range []uint16{0xffff, 1} {
			context, command, _ := p.message()
			if got := binary.LittleEndian.Uint16(element0000(command, tagMessageID)); got != want {
				t.Errorf("the message id is %d instead of %d", got, want)
			}
			p.write(reply(context, command, 0, 4096))
		}
	})
	a.next = 0xfffe
	for range 2 {
		if _, err := a.Echo(context.Background()); err != nil {
			t.Error(err)
		}
	}
}
