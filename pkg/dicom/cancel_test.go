package dicom

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// byteWise writes one byte at a time.
type byteWise struct{ net.Conn }

func (c byteWise) Write(b []byte) (int, error) {
	for i := range b {
		if _, err := c.Conn.Write(b[i : i+1]); err != nil {
			return i, err
		}
	}
	return len(b), nil
}

const abortByUser = "07 00 00000004 0000 00 00"

var errChanged = errors.New("changed one's mind")

// cancelled runs do with a ctx that is cancelled when the peer signals, and requires that it
// ends before any other limit, also on a busy machine.
func cancelled(t *testing.T, now <-chan struct{}, do func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(context.Background())
	ended := make(chan time.Time, 1)
	go func() {
		<-now
		ended <- time.Now()
		cancel(errChanged)
	}()
	err := do(ctx)
	if took := time.Since(<-ended); took > 10*time.Second {
		t.Errorf("it took %s to return", took)
	}
	if !errors.Is(err, errChanged) {
		t.Errorf("the error is %v", err)
	}
}

func TestCancelAssociating(t *testing.T) {
	now := make(chan struct{})
	conn := with(t, func(p *scripted) { p.pdu(); close(now); p.expect(abortByUser) })
	cancelled(t, now, func(ctx context.Context) error {
		_, err := Associate(ctx, conn, someOptions())
		return err
	})
}

func TestCancelAwaitingResponse(t *testing.T) {
	now := make(chan struct{})
	a := associated(t, 0, func(p *scripted) { p.message(); close(now); p.expect(abortByUser) })
	cancelled(t, now, func(ctx context.Context) error { _, err := a.Echo(ctx); return err })
	if !errors.Is(a.Err(), errChanged) {
		t.Errorf("the association says %v", a.Err())
	}
}

// TestCancelSending checks that, during a transfer, the A-ABORT is sent between PDUs.
func TestCancelSending(t *testing.T) {
	now := make(chan struct{})
	a := associated(t, 4096, func(p *scripted) {
		for n := 0; ; n++ {
			switch kind, body := p.pdu(); kind {
			case pduData:
				if n == 100 {
					close(now)
				}
			case pduAbort:
				if body[2] != 0 {
					t.Errorf("A-ABORT by the source %d", body[2])
				}
				return
			default:
				t.Errorf("a PDU of type %d instead of A-ABORT", kind)
				return
			}
		}
	})
	cancelled(t, now, func(ctx context.Context) error {
		_, err := a.Store(ctx, someInstance, io.LimitReader(zeros{}, 1<<40))
		return err
	})
}

func TestCancelStuckPeer(t *testing.T) {
	ours, theirs := tlsPair(t)
	now, end := make(chan struct{}), make(chan struct{})
	defer close(end)
	conn := run(t, ours, theirs, func(p *scripted) {
		p.acceptAll(0)
		time.Sleep(100 * time.Millisecond) // the client fills all buffers
		close(now)
		<-end
	})
	a, err := Associate(context.Background(), conn, someOptions())
	if err != nil {
		t.Fatal(err)
	}
	cancelled(t, now, func(ctx context.Context) error {
		_, err := a.Store(ctx, someInstance, io.LimitReader(zeros{}, 1<<40))
		return err
	})
	end <- struct{}{}
}

func TestCancelBeforeStart(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Associate(ctx, with(t, func(p *scripted) { p.expect("") }), someOptions()); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	a := associated(t, 0, func(p *scripted) { p.expect(abortByUser) })
	if _, err := a.Echo(ctx); !errors.Is(err, context.Canceled) || !errors.Is(a.Err(), context.Canceled) {
		t.Errorf("%v, and the association: %v", err, a.Err())
	}
}

func TestAbort(t *testing.T) {
	now := make(chan struct{})
	a := associated(t, 0, func(p *scripted) { p.message(); close(now); p.expect(abortByUser) })
	go func() { <-now; a.Abort() }()
	if _, err := a.Echo(context.Background()); !errors.Is(err, ErrAborted) {
		t.Error(err)
	}
	a.Abort()
	idle := associated(t, 0, func(p *scripted) { p.expect(abortByUser) })
	idle.Abort()
	if err := idle.Release(context.Background()); !errors.Is(err, ErrAborted) {
		t.Error(err)
	}
}

func TestReleaseByPeer(t *testing.T) {
	a := associated(t, 0, func(p *scripted) {
		p.message()
		p.write(endPDU(pduReleaseRQ, 0, 0))
		p.expect("06 00 00000004 00000000")
	})
	if _, err := a.Echo(context.Background()); !errors.Is(err, ErrReleased) {
		t.Error(err)
	}
}

func TestReleaseCollision(t *testing.T) {
	a := associated(t, 0, func(p *scripted) {
		p.expect("05 00 00000004 00000000")
		p.send("04 00 00000006 00000002 01 03") // data that was in transit
		p.write(endPDU(pduReleaseRQ, 0, 0))
		p.expect("06 00 00000004 00000000")
		p.write(endPDU(pduReleaseRP, 0, 0))
	})
	if err := a.Release(context.Background()); err != nil {
		t.Error(err)
	}
}

// TestAbortedWhileSending checks that the reason of a peer that aborts during a data set is
// reported, although the connection breaks during the write.
func TestAbortedWhileSending(t *testing.T) {
	a := associated(t, 4096, func(p *scripted) { p.pdu(); p.write(endPDU(pduAbort, 2, 2)) })
	_, err := a.Store(context.Background(), someInstance, io.LimitReader(zeros{}, 1<<30))
	if _, ok := isError[*AbortError](err); !ok || !strings.Contains(err.Error(), "unexpected-PDU") {
		t.Error(err)
	}
}
