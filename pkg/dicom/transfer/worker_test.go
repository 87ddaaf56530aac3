package transfer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
)

func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		about     string
		status    uint16
		stored    int
		warned    string
		failed    string
		requested int // how often each file was sent
	}{
		{"success", 0x0000, 2, "", "", 1},
		{"a warning", 0xB000, 2, "coercion of data elements", "", 1},
		{"a failure", 0xA700, 0, "", "out of resources", 2},
	} {
		t.Run(c.about, func(t *testing.T) {
			var requested atomic.Int64
			p := (&peer{status: func(string) uint16 { requested.Add(1); return c.status }}).listen(t)
			r, err := Files(t.Context(), to(p, study(t, 2)))
			if err != nil || r.Stored != c.stored || int(requested.Load()) != 2*c.requested {
				t.Errorf("stored %d, sent %d times, %v", r.Stored, requested.Load(), err)
			}
			for _, list := range []struct {
				got  []Outcome
				want string
			}{{r.Warned, c.warned}, {r.Failed, c.failed}} {
				if list.want == "" && len(list.got) > 0 || list.want != "" && (len(list.got) != 2 || !strings.Contains(list.got[1].Reason, list.want)) {
					t.Errorf("told %v, want %q", list.got, list.want)
				}
			}
		})
	}
}

func TestRefusedContextFailsTheFile(t *testing.T) {
	const jpeg = "1.2.840.10008.1.2.4.50"
	p := (&peer{accepts: func(_, syntax string) bool { return syntax != jpeg }}).listen(t)
	dir := study(t, 3)
	write(t, made(secondary, "2.25.77", jpeg, "1.2.3", 10), dir, "jpeg.dcm")
	r, err := Files(t.Context(), to(p, dir))
	if err != nil || r.Stored != 3 || names(r.Failed) != "jpeg.dcm" || !strings.Contains(r.Failed[0].Reason, "JPEG Baseline") {
		t.Errorf("stored %d, failed %v, %v", r.Stored, r.Failed, err)
	}
}

// TestManyKinds sends more kinds of files than an association has contexts.
func TestManyKinds(t *testing.T) {
	p := (&peer{}).listen(t)
	dir := t.TempDir()
	const kinds = 300
	for i := range 2 * kinds {
		write(t, made(fmt.Sprintf("1.2.3.%d", i%kinds), fmt.Sprintf("2.25.%d", i), part10.ExplicitVRLittleEndian, "1.2.3", 10), dir, fmt.Sprintf("%04d", i))
	}
	r, err := Files(t.Context(), to(p, dir))
	if err != nil || r.Stored != 2*kinds {
		t.Errorf("stored %d, failed %v, %v", r.Stored, r.Failed, err)
	}
	for _, n := range p.contexts {
		if n > maxContexts {
			t.Errorf("an association with %d contexts", n)
		}
	}
	// 63 kinds fit an association, with the default transfer syntax of each. How files are
	// grouped depends on the machine; without grouping, each would have one association.
	if p.associations > kinds/2 {
		t.Errorf("%d associations: they ought to be kept while they have something to send", p.associations)
	}
}

// TestManyKindsOneAtATime needs several associations of a peer that serves one at a time: a
// served association must not wait for one that is not.
func TestManyKindsOneAtATime(t *testing.T) {
	for _, rejects := range []bool{false, true} {
		p := (&peer{serves: 1, rejectsOther: rejects}).listen(t)
		dir := t.TempDir()
		for i := range 300 {
			write(t, made(fmt.Sprintf("1.2.3.%d", i%150), fmt.Sprintf("2.25.%d", i), part10.ExplicitVRLittleEndian, "1.2.3", 10), dir, fmt.Sprintf("%04d", i))
		}
		o := to(p, dir)
		o.Concurrency, o.Timeouts.Association = 8, 30*time.Second
		r, err := Files(t.Context(), o)
		if err != nil || r.Stored != 300 || p.most > 1 || r.Took >= o.Timeouts.Association {
			t.Errorf("stored %d over %d associations at once, in %s, failed %v, %v", r.Stored, p.most, r.Took, r.Failed, err)
		}
	}
}

func TestConcurrency(t *testing.T) {
	var waiting atomic.Int64
	p := (&peer{}).listen(t)
	all := make(chan struct{})
	p.holds = func(int) { // until all four have arrived
		if waiting.Add(1) == 4 {
			close(all)
		}
		<-all
	}
	o := to(p, study(t, 40))
	o.Concurrency = 4
	if r, err := Files(t.Context(), o); err != nil || r.Stored != 40 || p.most != 4 || p.associations != 4 {
		t.Errorf("stored %d over %d associations, %d at once, %v", r.Stored, p.associations, p.most, err)
	}
}

func TestDeadAssociationIsReplaced(t *testing.T) {
	p := (&peer{dies: func(n int, _ string) bool { return n < 50 && n%10 == 5 }}).listen(t)
	r, err := Files(t.Context(), to(p, study(t, 50)))
	if err != nil || r.Stored != 50 || p.aborted != 0 {
		t.Errorf("stored %d, failed %v, %d aborts, %v", r.Stored, r.Failed, p.aborted, err)
	}
}

// TestFileThatEndsAssociations has one file for which the peer closes the connection each time.
func TestFileThatEndsAssociations(t *testing.T) {
	p := (&peer{dies: func(_ int, uid string) bool { return uid == "2.25.7" }}).listen(t)
	r, err := Files(t.Context(), to(p, study(t, 20)))
	if err != nil || r.Stored != 19 || names(r.Failed) != "0006.dcm" || !strings.Contains(r.Failed[0].Reason, "closed the connection") {
		t.Errorf("stored %d, failed %v, %v", r.Stored, r.Failed, err)
	}
}

// TestPeerUnreachable checks that the transfer stops if the peer is unreachable, and that the
// remaining files fail.
func TestPeerUnreachable(t *testing.T) {
	p := (&peer{}).listen(t)
	o := to(p, study(t, 700)) // more than the queue holds
	var dials atomic.Int64
	o.Dial = func(ctx context.Context) (net.Conn, error) {
		if dials.Add(1) > 2 {
			return nil, errors.New("no route to host")
		}
		return p.dial(ctx)
	}
	p.dies = func(n int, _ string) bool { return n > 100 }
	r, err := Files(t.Context(), o)
	if err != nil || r.Stored == 0 || r.Stored > 100 || r.Stored+len(r.Failed) != 700 {
		t.Fatalf("stored %d, failed %d, %v", r.Stored, len(r.Failed), err)
	}
	if last := r.Failed[len(r.Failed)-1]; !strings.Contains(last.Reason, "no association: connecting: no route to host") {
		t.Errorf("the last one failed because %q", last.Reason)
	}
	if n := dials.Load(); n > 3*4 {
		t.Errorf("dialled %d times", n)
	}
}

// TestSomeAssociationsAreEnough continues with the associations that the peer accepts.
func TestSomeAssociationsAreEnough(t *testing.T) {
	p := (&peer{}).listen(t)
	o := to(p, study(t, 100))
	var dials atomic.Int64
	o.Dial = func(ctx context.Context) (net.Conn, error) {
		if dials.Add(1) > 1 {
			return nil, errors.New("too many connections")
		}
		return p.dial(ctx)
	}
	if r, err := Files(t.Context(), o); err != nil || r.Stored != 100 {
		t.Errorf("stored %d, failed %v, %v", r.Stored, r.Failed, err)
	}
}

// TestRejected retries only if a retry can succeed: a wrong AE title stays wrong.
func TestRejected(t *testing.T) {
	for _, c := range []struct {
		about     string
		rejects   byte
		requested int
	}{{"for good", 1, 1}, {"for now", 2, 3}} {
		t.Run(c.about, func(t *testing.T) {
			p := (&peer{rejects: c.rejects}).listen(t)
			o := to(p, study(t, 2))
			o.Concurrency = 1
			r, err := Files(t.Context(), o)
			if err != nil || len(r.Failed) != 2 || !strings.Contains(r.Failed[0].Reason, "called-AE-title-not-recognized") || p.associations != c.requested {
				t.Errorf("asked %d times, failed %v, %v", p.associations, r.Failed, err)
			}
		})
	}
}

// TestFewAssociationsAreServed sends over the associations that the peer serves: the others
// wait without a file, and don't delay the transfer.
func TestFewAssociationsAreServed(t *testing.T) {
	for _, serves := range []int{1, 2} {
		for _, rejects := range []bool{false, true} {
			t.Run(fmt.Sprint(serves, rejects), func(t *testing.T) {
				p := (&peer{serves: serves, rejectsOther: rejects}).listen(t)
				o := to(p, study(t, 200))
				o.Concurrency = 8
				r, err := Files(t.Context(), o)
				if err != nil || r.Stored != 200 || p.most > serves {
					t.Errorf("stored %d over %d associations at once, failed %v, %v", r.Stored, p.most, r.Failed, err)
				}
				if r.Took >= o.Timeouts.Association {
					t.Errorf("took %s: an association without an answer was waited for", r.Took)
				}
				if p.rejected > 8 {
					t.Errorf("%d were rejected: the limit was not remembered", p.rejected)
				}
			})
		}
	}
}

// TestIdleAssociationIsReleased checks that an idle association is released while more files
// may arrive, so that the peer can serve another client.
func TestIdleAssociationIsReleased(t *testing.T) {
	p := (&peer{serves: 1}).listen(t)
	o := to(p, study(t, 1))
	tr := newTransfer(o)
	tr.round(t.Context(), func(q *queue) {
		tr.scan(t.Context(), q)
		if err := wait.PollUntilContextTimeout(t.Context(), time.Millisecond, 5*time.Second, true, func(context.Context) (bool, error) {
			p.mu.Lock()
			defer p.mu.Unlock()
			return p.released == 1, nil
		}); err != nil {
			t.Error("an idle association was not released")
		}
	})
	if tr.done.Stored != 1 || p.associations != 1 {
		t.Errorf("stored %d over %d associations", tr.done.Stored, p.associations)
	}
}
