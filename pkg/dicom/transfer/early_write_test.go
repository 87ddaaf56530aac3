package transfer

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
)

// letScan delays the first answers until other files have been scanned.
func letScan(n int) {
	if n <= 2 {
		time.Sleep(100 * time.Millisecond)
	}
}

// TestAnswersInTwoParts has a peer that delays the second part of an answer until it receives
// data.
func TestAnswersInTwoParts(t *testing.T) {
	p := (&peer{halves: time.Second, holds: letScan}).listen(t)
	o := to(p, study(t, 40))
	o.Concurrency = 2
	r, err := Files(t.Context(), o)
	if err != nil || r.Stored != 40 || p.associations > 2 || p.aborted != 0 {
		t.Errorf("stored %d over %d associations, failed %v, %v", r.Stored, p.associations, r.Failed, err)
	}
	// The last answer of each association has nothing after it.
	if p.late == 0 || p.late > 4 {
		t.Errorf("%d answers came late", p.late)
	}
}

// TestBegunMessageIsFinished changes the file whose message has begun: the peer must not
// receive only half a message.
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
	// Each attempt needed one association.
	if p.echoes != 1 || p.aborted != 0 || p.associations != 2 {
		t.Errorf("%d C-ECHOs, %d aborts, %d associations", p.echoes, p.aborted, p.associations)
	}
}

// TestBegunMessageIsCompleted checks that only the rest of the message follows the sent part of
// a message.
func TestBegunMessageIsCompleted(t *testing.T) {
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

// brokenWrites is a connection whose answers arrive in the given parts, and whose writes fail
// while broken.
type brokenWrites struct {
	net.Conn
	parts  [][]byte
	broken bool
	sent   []byte
}

func (c *brokenWrites) Read(p []byte) (int, error) {
	if len(c.parts) == 0 {
		return 0, io.EOF
	}
	n := copy(p, c.parts[0])
	c.parts = c.parts[1:]
	return n, nil
}

func (c *brokenWrites) Write(p []byte) (int, error) {
	if c.broken {
		return 0, os.ErrDeadlineExceeded
	}
	c.sent = append(c.sent, p...)
	return len(p), nil
}

// TestEarlyWriteThatFails checks that a failed early write does not prevent reading an answer,
// and that the message is then sent completely.
func TestEarlyWriteThatFails(t *testing.T) {
	conn := &brokenWrites{parts: [][]byte{{4, 0, 0, 0, 0, 8}, []byte("the"), []byte(" rest")}}
	taken := 0
	e := &earlyWrite{Conn: conn, more: func() bool { taken++; return true }}
	if _, err := e.Write([]byte{4, 9}); err != nil {
		t.Fatal(err)
	}
	conn.broken = true
	got, err := io.ReadAll(e)
	if string(got) != "\x04\x00\x00\x00\x00\x08the rest" || err != nil || taken != 1 {
		t.Errorf("read %v, took %d files, %v", got, taken, err)
	}
	conn.broken = false
	if n, err := e.Write([]byte{4, 8}); n != 2 || err != nil || !bytes.Equal(conn.sent, []byte{4, 9, 4, 8}) {
		t.Errorf("wrote %d, %v: %v", n, err, conn.sent)
	}
}

// TestEarlyWriteOnlyAfterAMessage checks that no message follows an A-ABORT or A-RELEASE-RQ,
// even if the peer had begun an answer.
func TestEarlyWriteOnlyAfterAMessage(t *testing.T) {
	for _, c := range []struct {
		about string
		pdu   byte
		sent  []byte
	}{{"A-ABORT", 7, []byte{7}}, {"A-RELEASE-RQ", 5, []byte{5}}, {"P-DATA-TF", 4, []byte{4, 4}}} {
		t.Run(c.about, func(t *testing.T) {
			conn := &brokenWrites{parts: [][]byte{{4, 0, 0, 0, 0, 8}, []byte("the rest")}}
			e := &earlyWrite{Conn: conn, more: func() bool { return true }}
			if _, err := e.Write([]byte{c.pdu}); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadAll(e); err != nil || !bytes.Equal(conn.sent, c.sent) {
				t.Errorf("sent %v, %v", conn.sent, err)
			}
		})
	}
}

// TestEndSendsNoFile checks that, at the end of an association, a begun message is completed
// without another file after it.
func TestEndSendsNoFile(t *testing.T) {
	p := (&peer{halves: 200 * time.Millisecond}).listen(t)
	tr := newTransfer(to(p))
	w := &worker{transfer: tr, queue: newQueue(t.Context(), newLimit(tr.options))}
	f := file{meta: part10.Meta{SOPClass: secondary, TransferSyntax: part10.ExplicitVRLittleEndian}}
	f.path = write(t, []byte("data"), t.TempDir(), "next.dcm")
	info, err := os.Stat(f.path)
	if err != nil {
		t.Fatal(err)
	}
	f.size, f.modified = info.Size(), info.ModTime()
	if err := w.queue.put(f); err != nil {
		t.Fatal(err)
	}
	if !w.associate(t.Context()) {
		t.Fatal("no association")
	}
	if _, err := w.conn.Conn.Write([]byte{pDataTF}); err != nil {
		t.Fatal(err)
	}
	w.conn.headerSent = true
	w.end(t.Context())
	p.finish(t)
	if left, _ := w.queue.left(); len(left) != 1 || w.next != nil || len(tr.failed) != 0 {
		t.Errorf("%d files wait, next %v, failed %v", len(left), w.next, tr.failed)
	}
	if p.echoes != 1 || p.aborted != 0 || p.released != 1 {
		t.Errorf("%d C-ECHOs, %d aborts, %d releases", p.echoes, p.aborted, p.released)
	}
}
