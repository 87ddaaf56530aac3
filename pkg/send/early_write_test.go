package send

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// letScan holds the first answers until other files have been looked at.
func letScan(n int) {
	if n <= 2 {
		time.Sleep(100 * time.Millisecond)
	}
}

// TestAnswersInTwoParts has a peer that holds the second part of an answer back
// until it hears something.
func TestAnswersInTwoParts(t *testing.T) {
	p := (&peer{halves: 200 * time.Millisecond, holds: letScan}).listen(t)
	o := to(p, study(t, 40))
	o.Concurrency = 2
	r, err := Files(t.Context(), o)
	if err != nil || r.Stored != 40 || p.associations > 2 || p.aborted != 0 {
		t.Errorf("stored %d over %d associations, failed %v, %v", r.Stored, p.associations, r.Failed, err)
	}
	// The last of each association has nothing after it.
	if p.late == 0 || p.late > 4 {
		t.Errorf("%d answers came late", p.late)
	}
}

// TestBegunMessageIsFinished has the file change that a message was begun for: the
// peer must not be left with half a message.
func TestBegunMessageIsFinished(t *testing.T) {
	p := &peer{halves: 200 * time.Millisecond, holds: letScan}
	dir := study(t, 2)
	p.nudged = func() {
		if err := os.Truncate(filepath.Join(dir, "0001.dcm"), 10); err != nil {
			t.Error(err)
		}
	}
	o := to(p.listen(t), dir)
	o.Concurrency = 1
	r, err := Files(t.Context(), o)
	if err != nil || r.Stored != 1 || names(r.Failed) != "0001.dcm" || r.Failed[0].Reason == "" {
		t.Errorf("stored %d, failed %v, %v", r.Stored, r.Failed, err)
	}
	// One association each time that it was tried.
	if p.echoes != 1 || p.aborted != 0 || p.associations != 2 {
		t.Errorf("%d C-ECHOs, %d aborts, %d associations", p.echoes, p.aborted, p.associations)
	}
}

// TestBegunMessageIsAMessage lets nothing else than a message follow what was sent of
// one.
func TestBegunMessageIsAMessage(t *testing.T) {
	ours, theirs := net.Pipe()
	defer theirs.Close()
	got := make(chan []byte)
	go func() {
		all, _ := io.ReadAll(theirs)
		got <- all
	}()
	e := &earlyWrite{Conn: ours, headerSent: true}
	if n, err := e.Write([]byte{7, 0, 0, 0, 0, 4}); n != 0 || err == nil {
		t.Errorf("A-ABORT: %d, %v", n, err)
	}
	if n, err := e.Write([]byte{4, 1, 2}); n != 3 || err != nil || e.headerSent {
		t.Errorf("P-DATA-TF: %d, %v", n, err)
	}
	if n, err := e.Write([]byte{4, 3}); n != 2 || err != nil {
		t.Errorf("the next: %d, %v", n, err)
	}
	if e.NetConn() != ours || (&earlyWrite{Conn: tls.Client(ours, nil)}).NetConn() != ours {
		t.Error("the connection below is another")
	}
	_ = ours.Close()
	if all := <-got; !bytes.Equal(all, []byte{1, 2, 4, 3}) {
		t.Errorf("sent %v", all)
	}
}
