package dicom

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
)

// TestSentFragments fragments messages for each small maximum PDU length, and reassembles them.
func TestSentFragments(t *testing.T) {
	command := request{context: 3, field: cStoreRQ, sopClass: part10.SecondaryCaptureStorage, instance: "2.25.1"}.encode(nil, 7)
	for longest := uint32(minPDU); longest <= 48; longest++ {
		for size := 1; size <= 64; size++ {
			data := make([]byte, size)
			for i := range data {
				data[i] = byte(i + 1)
			}
			var wire bytes.Buffer
			s := newSender(longest, func(b []byte) error { wire.Write(b); return nil })
			if err := s.message(3, command, streamed{bufio.NewReader(iotest.OneByteReader(bytes.NewReader(data))), true}); err != nil {
				t.Fatal(err)
			}
			if size%2 == 1 {
				data = append(data, 0)
			}
			gotCommand, gotData := reassemble(t, wire.Bytes(), longest)
			if !bytes.Equal(gotCommand, command) || !bytes.Equal(gotData, data) {
				t.Fatalf("with PDUs of %d bytes, %d bytes of data became %x", longest, size, gotData)
			}
		}
	}
}

// reassemble reads a message strictly: no PDU is too long, no fragment is odd or empty, and
// only the last ones are marked as last.
func reassemble(t *testing.T, wire []byte, longest uint32) (command, data []byte) {
	t.Helper()
	parts := map[byte][]byte{}
	over := map[byte]bool{}
	for r := bytes.NewReader(wire); r.Len() > 0; {
		kind, body, err := readPDU(r, nil, longest)
		if err != nil || kind != pduData {
			t.Fatalf("a PDU of type %d: %v", kind, err)
		}
		control := body[5]
		of := control & controlCommand
		if body[4] != 3 || over[of] || of == 0 && !over[controlCommand] || int(binary.BigEndian.Uint32(body)) != len(body)-4 {
			t.Fatalf("a fragment out of place: %x", body)
		}
		over[of] = control&controlLast != 0
		if len(body) == pdvHead || len(body)%2 == 1 {
			t.Fatalf("a fragment of %d bytes", len(body)-pdvHead)
		}
		parts[of] = append(parts[of], body[pdvHead:]...)
	}
	if !over[0] || !over[controlCommand] {
		t.Fatal("no last fragment")
	}
	return parts[controlCommand], parts[0]
}

func TestTooShortPDUs(t *testing.T) {
	for _, longest := range []uint32{1, 7} {
		conn := with(t, func(p *scripted) { p.acceptAll(longest); drain(p) })
		_, err := Associate(context.Background(), conn, someOptions())
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("accepts PDUs of at most %d bytes, which are too short for any data", longest)) {
			t.Error(err)
		}
	}
}

// TestReceivedFragments reads responses in fragments of each length, and several values in one
// PDU.
func TestReceivedFragments(t *testing.T) {
	const most = 120
	a := associated(t, 0, func(p *scripted) {
		for fragment := 1; fragment <= most; fragment++ {
			context, command, _ := p.message()
			p.write(reply(context, command, 0, fragment))
		}
		context, command, _ := p.message()
		whole := reply(context, command, 0, 10)
		joined := []byte{pduData, 0, 0, 0, 0, 0}
		for r := bytes.NewReader(whole); r.Len() > 0; {
			_, body, _ := readPDU(r, nil, maxTaken)
			joined = append(joined, body...)
		}
		binary.BigEndian.PutUint32(joined[2:], uint32(len(joined)-pduHead))
		p.write(joined)
	})
	for range most + 1 {
		if status, err := a.Echo(context.Background()); err != nil || !status.Success() {
			t.Fatal(status, err)
		}
	}
}

func TestLongCommand(t *testing.T) {
	a := associated(t, 0, func(p *scripted) {
		p.message()
		value := make([]byte, 16000)
		for range 6 {
			p.send("04 00 00003e86 00003e82 01 01")
			p.write(value)
		}
		drain(p)
	})
	_, err := a.Echo(context.Background())
	if err == nil || !strings.Contains(err.Error(), "a command of more than 64 KiB") {
		t.Error(err)
	}
}

// TestOneWrite counts writes below TLS: a small instance needs one.
func TestOneWrite(t *testing.T) {
	ours, theirs := loopback(t)
	count := &counted{Conn: ours}
	a, err := Associate(context.Background(), run(t, count, theirs, func(p *scripted) { p.serve(0) }), someOptions())
	if err != nil {
		t.Fatal(err)
	}
	before := count.writes
	for range 10 {
		if _, err := a.Store(context.Background(), someInstance, io.LimitReader(zeros{}, 8<<10)); err != nil {
			t.Fatal(err)
		}
	}
	if got := count.writes - before; got != 10 {
		t.Errorf("10 instances took %d writes", got)
	}
}

// TestNoMemory sends a data set that is many times larger than the allowed allocation.
func TestNoMemory(t *testing.T) {
	ours, theirs := loopback(t)
	go scpLoop(theirs)
	defer ours.Close()
	a, err := Associate(context.Background(), ours, someOptions())
	if err != nil {
		t.Fatal(err)
	}
	allocations := testing.AllocsPerRun(1, func() {
		if _, err := a.Store(context.Background(), someInstance, io.LimitReader(zeros{}, 32<<20)); err != nil {
			t.Fatal(err)
		}
	})
	if allocations > 200 {
		t.Errorf("a data set of 32 MiB took %v allocations", allocations)
	}
}

// TestOperationsTakeTurns shares an association between many goroutines.
func TestOperationsTakeTurns(t *testing.T) {
	ours, theirs := tlsPair(t)
	a, err := Associate(context.Background(), run(t, ours, theirs, func(p *scripted) { p.serve(4096) }), someOptions())
	if err != nil {
		t.Fatal(err)
	}
	failures := make(chan error, 8)
	for range cap(failures) {
		go func() {
			_, err := a.Store(context.Background(), someInstance, io.LimitReader(zeros{}, 20000))
			failures <- err
		}()
	}
	for range cap(failures) {
		if err := <-failures; err != nil {
			t.Error(err)
		}
	}
	if err := a.Release(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestWaitingForATurnIsCancelled(t *testing.T) {
	now, answer := make(chan struct{}), make(chan struct{})
	a := associated(t, 0, func(p *scripted) {
		context, command, _ := p.message()
		close(now)
		<-answer
		p.write(reply(context, command, 0, 4096))
	})
	first := make(chan error, 1)
	go func() { _, err := a.Echo(context.Background()); first <- err }()
	<-now
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if _, err := a.Echo(ctx); err == nil || !strings.Contains(err.Error(), "waiting for the previous operation") {
		t.Error(err)
	}
	close(answer)
	if err := <-first; err != nil {
		t.Error(err)
	}
}
