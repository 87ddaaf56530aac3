package transfer

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom"
	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
)

// pipes returns a Dial to a peer without a network, so that a test can run with
// synctest's clock, and waits for the peer to see the end of each connection.
func pipes(t *testing.T, p *peer) func(context.Context) (net.Conn, error) {
	p.stored, p.bytes = map[string]int{}, map[string]int64{}
	var serving sync.WaitGroup
	t.Cleanup(serving.Wait)
	return func(context.Context) (net.Conn, error) {
		ours, theirs := net.Pipe()
		serving.Go(func() { p.serve(theirs) })
		return ours, nil
	}
}

// TestSlowAnswersInTwoParts has a peer whose answers take longer than the limit of one write.
func TestSlowAnswersInTwoParts(t *testing.T) {
	for _, c := range []struct {
		about   string
		answers time.Duration
		stored  int
		reason  string
	}{
		{about: "within one write's limit", answers: time.Second / 2, stored: 4},
		{about: "after one write's limit", answers: 3 * time.Second, stored: 4},
		{about: "just within the response's limit", answers: 5*time.Second - 300*time.Millisecond, stored: 4},
		{about: "after the response's limit", answers: 6 * time.Second, reason: "timed out after 5s waiting for the response"},
	} {
		t.Run(c.about, func(t *testing.T) {
			dir := study(t, 4)
			synctest.Test(t, func(t *testing.T) {
				p := &peer{halves: 200 * time.Millisecond}
				p.holds = func(int) { time.Sleep(c.answers) }
				o := to(p, dir)
				o.Dial, o.Concurrency = pipes(t, p), 1
				o.Timeouts = dicom.Timeouts{Association: 5 * time.Second, Response: 5 * time.Second, Idle: time.Second}
				r, err := Files(t.Context(), o)
				p.finish(t)
				if err != nil || r.Stored != c.stored || len(r.Failed) != 4-c.stored {
					t.Errorf("stored %d, failed %v, %v", r.Stored, r.Failed, err)
				}
				for _, f := range r.Failed {
					if !strings.Contains(f.Reason, c.reason) {
						t.Errorf("%s failed: %s, want %s", f.Path, f.Reason, c.reason)
					}
				}
				if c.stored == 4 && (p.associations != 1 || p.late != 1) {
					t.Errorf("%d associations, %d answers came late", p.associations, p.late)
				}
			})
		})
	}
}

// TestEndTimeouts has a peer that takes most of the time limit for each exchange that ends an
// association, and a peer that exceeds it.
func TestEndTimeouts(t *testing.T) {
	for _, c := range []struct {
		about    string
		takes    time.Duration
		released int
	}{{"within the limit", cleanupTimeout - time.Second, 1}, {"beyond the limit", cleanupTimeout + time.Second, 0}} {
		t.Run(c.about, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &peer{ends: func() { time.Sleep(c.takes) }}
				o := to(p)
				o.Dial = pipes(t, p)
				o.Timeouts = dicom.Timeouts{Association: time.Minute, Response: time.Minute, Idle: time.Minute}
				ctx := context.Background()
				w := &worker{transfer: newTransfer(o), queue: newQueue(ctx, limit{most: 1, now: 1, growth: growth})}
				if err := w.queue.put(file{meta: part10.Meta{SOPClass: secondary, TransferSyntax: part10.ExplicitVRLittleEndian}}); err != nil {
					t.Fatal(err)
				}
				if !w.associate(ctx) {
					t.Fatal("no association")
				}
				association := w.association
				if _, err := w.conn.Conn.Write([]byte{pDataTF}); err != nil {
					t.Fatal(err)
				}
				w.conn.headerSent = true
				w.end(ctx)
				p.finish(t)
				if p.echoes != 1 || p.released != c.released || errors.Is(association.Err(), dicom.ErrReleased) != (c.released == 1) {
					t.Errorf("%d C-ECHOs, %d releases, ended by %v", p.echoes, p.released, association.Err())
				}
			})
		})
	}
}
