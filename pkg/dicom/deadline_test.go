package dicom

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// writesWhileReading is a connection that must write before it can return what it read, as TLS
// must if the peer requests new keys (RFC 8446, section 4.6.3).
type writesWhileReading struct {
	net.Conn
	// from is the number of the first read that writes.
	from, reads int
}

const written = 0xEE

func (c *writesWhileReading) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.reads++; err == nil && c.reads >= c.from {
		if _, err := c.Conn.Write([]byte{written}); err != nil {
			return 0, err
		}
	}
	return n, err
}

var shortIdle = Timeouts{Association: 5 * time.Second, Response: 5 * time.Second, Idle: time.Second}

// TestWritesWhileReading has answers that arrive after more time than a write may take: a write
// during a read must not be subject to the deadline of the previous write.
func TestWritesWhileReading(t *testing.T) {
	const late = 3 * time.Second
	wait := func(p *scripted) { time.Sleep(late) }
	for _, c := range []struct {
		about string
		peer  func(*scripted)
		do    func(*Association) error
	}{
		{"a response", func(p *scripted) {
			context, command, _ := p.message()
			wait(p)
			p.write(reply(context, command, 0, 4096))
			p.expect("ee")
		}, func(a *Association) error { _, err := a.Echo(context.Background()); return err }},
		{"a response to a data set", func(p *scripted) {
			context, command, _ := p.message()
			wait(p)
			p.write(reply(context, command, 0, 4096))
			p.expect("ee")
		}, func(a *Association) error {
			_, err := a.Store(context.Background(), someInstance, strings.NewReader("abcd"))
			return err
		}},
		{"a release", func(p *scripted) {
			p.pdu()
			wait(p)
			p.write(endPDU(pduReleaseRP, 0, 0))
			p.expect("ee")
		}, func(a *Association) error { return a.Release(context.Background()) }},
		{"a release after a collision", func(p *scripted) {
			p.pdu()
			p.write(endPDU(pduReleaseRQ, 0, 0))
			p.expect("ee 06 00 00000004 00000000")
			wait(p)
			p.write(endPDU(pduReleaseRP, 0, 0))
			p.expect("ee")
		}, func(a *Association) error { return a.Release(context.Background()) }},
	} {
		t.Run(c.about, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := piped(t, c.peer)
				if err := c.do(a); err != nil {
					t.Error(err)
				}
				a.Abort()
			})
		})
	}
}

// TestWritesWhileReadingEnd has a peer that does not read the data written during a read: the
// deadline of the answer applies, and so does the end of the context.
func TestWritesWhileReadingEnd(t *testing.T) {
	for _, c := range []struct {
		about  string
		cancel time.Duration
		ends   time.Duration
		want   error
	}{
		{"by the limit of the response", time.Hour, 5 * time.Second, nil},
		{"by the context", 3 * time.Second, 4 * time.Second, errChanged},
	} {
		t.Run(c.about, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				stop := make(chan struct{})
				a := piped(t, func(p *scripted) {
					context, command, _ := p.message()
					p.write(reply(context, command, 0, 4096)[:8])
					<-stop
				})
				ctx, cancel := context.WithTimeoutCause(t.Context(), c.cancel, errChanged)
				defer cancel()
				began := time.Now()
				_, err := a.Echo(ctx)
				if took := time.Since(began); took > c.ends+time.Second || took < min(c.cancel, c.ends) {
					t.Errorf("it took %s", took)
				}
				_, limit := isError[*TimeoutError](err)
				if c.want == nil && !limit || c.want != nil && !errors.Is(err, c.want) {
					t.Errorf("the error is %v", err)
				}
				close(stop)
			})
		})
	}
}

// TestClosingIsBounded has a peer that releases the association, and then sends more and reads
// nothing: closing must end within its limit.
func TestClosingIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop := make(chan struct{})
		a := piped(t, func(p *scripted) {
			p.message()
			p.write(endPDU(pduReleaseRQ, 0, 0))
			p.expect("ee 06 00 00000004 00000000")
			p.write([]byte{0})
			<-stop
		})
		began := time.Now()
		if _, err := a.Echo(context.Background()); !errors.Is(err, ErrReleased) {
			t.Errorf("the error is %v", err)
		}
		if took := time.Since(began); took > 3*grace {
			t.Errorf("it took %s", took)
		}
		close(stop)
	})
}

// piped is an association over a connection that writes while reading, without a
// network, so that it runs with synctest's clock.
func piped(t *testing.T, script func(*scripted)) *Association {
	t.Helper()
	ours, theirs := net.Pipe()
	run(t, ours, theirs, func(p *scripted) { p.acceptAll(0); script(p) })
	o := someOptions()
	o.Timeouts = shortIdle
	conn := &writesWhileReading{Conn: ours, from: 1 << 30}
	a, err := Associate(t.Context(), conn, o)
	if err != nil {
		t.Fatal(err)
	}
	conn.from, conn.reads = 1, 0
	return a
}
