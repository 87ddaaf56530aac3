package dicom

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

// faults are what a peer may do instead of answering.
var faults = []struct {
	about string
	do    func(*scripted)
	want  string
}{
	{"garbage", func(p *scripted) { p.send("'HTTP/1.1 400 Bad Request'") }, "a PDU of the type 48H"},
	{"a huge length", func(p *scripted) { p.send("04 00 ffffffff") }, "sent an P-DATA-TF of 4294967295 bytes, but at most 16384 are allowed"},
	{"a huge acceptance", func(p *scripted) { p.send("02 00 7fffffff") }, "sent an A-ASSOCIATE-AC of 2147483647 bytes"},
	{"a long abort", func(p *scripted) { p.send("07 00 00000005 0000000000") }, "with a length of 5"},
	{"a request", func(p *scripted) { p.send("01 00 00000004 00000000") }, "which only this side may send"},
	{"closing at once", func(*scripted) {}, "the peer closed the connection"},
	{"closing within a head", func(p *scripted) { p.send("04 00 00") }, "the peer closed the connection"},
	{"closing within a body", func(p *scripted) { p.send("04 00 00000040 0000003c 01") }, "the peer closed the connection"},
	{"an abort by the user", func(p *scripted) { p.write(endPDU(pduAbort, 0, 0)) }, "the peer aborted the association, by the DICOM UL service-user"},
	{"an abort by the provider", func(p *scripted) { p.write(endPDU(pduAbort, 2, 6)) }, "by the DICOM UL service-provider: invalid-PDU-parameter value"},
	{"an abort for no known reason", func(p *scripted) { p.write(endPDU(pduAbort, 2, 77)) }, "reserved (77)"},
	{"A-RELEASE-RP", func(p *scripted) { p.write(endPDU(pduReleaseRP, 0, 0)) }, "A-RELEASE-RP"},
}

// drain reads from the client until it aborts or closes.
func drain(p *scripted) {
	for kind := byte(1); kind != 0 && kind != pduAbort; {
		kind, _ = p.pdu()
	}
}

func TestFaultsWhileAssociating(t *testing.T) {
	for _, f := range faults {
		t.Run(f.about, func(t *testing.T) {
			t.Parallel()
			conn := with(t, func(p *scripted) { p.pdu(); f.do(p) })
			_, err := Associate(context.Background(), conn, someOptions())
			if err == nil || !strings.Contains(err.Error(), f.want) {
				t.Errorf("the error is %v instead of …%s…", err, f.want)
			}
		})
	}
}

func TestFaultsInsteadOfAResponse(t *testing.T) {
	more := faults
	for _, bad := range []struct{ about, pdu, want string }{
		{"an empty P-DATA-TF", "04 00 00000000", "sent an empty P-DATA-TF"},
		{"a value that ends early", "04 00 00000006 00000022 01 03", "ends too early"},
		{"a value without a head", "04 00 00000006 00000001 01 03", "ends too early"},
		{"another context", "04 00 00000006 00000002 05 03", "presentation context 5 instead of 1"},
		{"a data set", "04 00 00000006 00000002 01 02", "a part of a data set"},
		{"two responses", "04 00 0000000c 00000002 01 03 00000002 01 03", "more after its response"},
		{"an empty command", "04 00 00000006 00000002 01 03", "without the element (0000,0100)"},
		{"a cut element", "04 00 0000000a 00000006 01 03 00000000", "an element that ends too early"},
		{"an element of another group", "04 00 0000000e 0000000a 01 03 0800 0000 00000000", "the group 0008"},
		{"an element of the wrong size", "04 00 0000000e 0000000a 01 03 0000 0001 00000000", "0 bytes instead of 2"},
		{"a request", strings.Replace(goldenEchoRSP, "3080", "3000", 1), "a command of the field 0030H"},
		{"a wrong message id", strings.Replace(goldenEchoRSP, "0000 2001 02000000 0100", "0000 2001 02000000 0700", 1), "answered the message 7 instead of 1"},
		{"an announced data set", strings.Replace(goldenEchoRSP, "0101", "0000", 1), "announced a data set"},
		{"another SOP class", strings.Replace(goldenEchoRSP, "10008.1.1", "10008.1.9", 1), `answered for the SOP class "1.2.840.10008.1.9"`},
		{"a second acceptance", goldenAC, "sent an A-ASSOCIATE-AC instead of a response"},
	} {
		more = append(more, struct {
			about string
			do    func(*scripted)
			want  string
		}{bad.about, func(p *scripted) { p.send(bad.pdu); drain(p) }, bad.want})
	}
	for _, f := range more {
		t.Run(f.about, func(t *testing.T) {
			t.Parallel()
			a := associated(t, 0, func(p *scripted) { p.message(); f.do(p) })
			_, err := a.Echo(context.Background())
			if err == nil || !strings.Contains(err.Error(), f.want) {
				t.Errorf("the error is %v instead of …%s…", err, f.want)
			}
			if _, again := a.Echo(context.Background()); again == nil || !strings.Contains(again.Error(), "the association has ended: ") || !strings.Contains(again.Error(), f.want) {
				t.Errorf("a dead association says %v", again)
			}
		})
	}
}

func TestProtocolErrorsAreAnsweredWithAbort(t *testing.T) {
	for _, c := range []struct{ about, sent, abort string }{
		{"an unknown PDU", "09 00 00000000", "07 00 00000004 0000 02 01"},
		{"an unexpected PDU", "06 00 00000004 00000000", "07 00 00000004 0000 02 02"},
		{"a value that ends early", "04 00 00000006 00000022 01 03", "07 00 00000004 0000 02 06"},
	} {
		t.Run(c.about, func(t *testing.T) {
			a := associated(t, 0, func(p *scripted) { p.message(); p.send(c.sent); p.expect(c.abort) })
			_, err := a.Echo(context.Background())
			if _, ok := isError[*ProtocolError](err); !ok {
				t.Errorf("the error is %v instead of a ProtocolError", err)
			}
		})
	}
}

func TestAnotherInstanceIsAnswered(t *testing.T) {
	a := associated(t, 0, func(p *scripted) {
		context, command, _ := p.message()
		binary.LittleEndian.PutUint16(command[len(command)-2:], 0x3737) // "2.25.1" becomes "2.2577"
		p.write(reply(context, command, 0, 4096))
		drain(p)
	})
	_, err := a.Store(context.Background(), someInstance, strings.NewReader("abcd"))
	if err == nil || !strings.Contains(err.Error(), `answered for the instance "2.2577" instead of 2.25.1`) {
		t.Error(err)
	}
}

func TestOneByteAtATime(t *testing.T) {
	ours, theirs := loopback(t)
	conn := run(t, ours, theirs, func(p *scripted) {
		p.conn = byteWise{p.conn}
		p.serve(0)
	})
	a, err := Associate(context.Background(), conn, someOptions())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Store(context.Background(), someInstance, strings.NewReader("abcd")); err != nil {
		t.Error(err)
	}
	if err := a.Release(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestTimeouts(t *testing.T) {
	o := someOptions()
	o.Timeouts = Timeouts{Association: 500 * time.Millisecond, Response: 600 * time.Millisecond, Idle: 700 * time.Millisecond}
	_, err := Associate(context.Background(), with(t, drain), o)
	if e, ok := isError[*TimeoutError](err); !ok || e.After != o.Timeouts.Association {
		t.Errorf("a silent peer while associating: %v", err)
	}
	a, err := Associate(context.Background(), with(t, func(p *scripted) { p.acceptAll(0); drain(p) }), o)
	if err != nil {
		t.Fatal(err)
	}
	_, err = a.Echo(context.Background())
	if want := "C-ECHO: timed out after 600ms waiting for the response"; err == nil || err.Error() != want {
		t.Errorf("%v instead of %s", err, want)
	}
	stuck := make(chan struct{})
	defer close(stuck)
	a, err = Associate(context.Background(), with(t, func(p *scripted) { p.acceptAll(0); <-stuck }), o)
	if err != nil {
		t.Fatal(err)
	}
	_, err = a.Store(context.Background(), someInstance, io.LimitReader(zeros{}, 1<<30))
	if e, ok := isError[*TimeoutError](err); !ok || e.After != o.Timeouts.Idle {
		t.Errorf("a peer that doesn't read: %v", err)
	}
	stuck <- struct{}{}
}

func TestSourceFails(t *testing.T) {
	broken := errors.New("disk on fire")
	a := associated(t, 0, func(p *scripted) {
		context, command, _ := p.message()
		p.write(reply(context, command, 0, 4096))
		drain(p)
	})
	early := io.MultiReader(strings.NewReader("ab"), failing{broken})
	for _, c := range []struct {
		about string
		data  io.Reader
		want  string
	}{
		{"early", early, "C-STORE of 2.25.1: reading the data set: disk on fire"},
		{"an end that is none", io.MultiReader(strings.NewReader("ab"), failing{io.ErrUnexpectedEOF}), "reading the data set: unexpected EOF"},
		{"odd", strings.NewReader("abc"), "reading the data set: it has an odd number of bytes"},
		{"empty", strings.NewReader(""), "reading the data set: it is empty"},
	} {
		_, err := a.Store(context.Background(), someInstance, c.data)
		if err == nil || !strings.Contains(err.Error(), c.want) || a.Err() != nil {
			t.Errorf("%s: %v, and the association: %v", c.about, err, a.Err())
		}
	}
	if _, err := a.Echo(context.Background()); err != nil {
		t.Errorf("the association should go on: %v", err)
	}
	late := io.MultiReader(io.LimitReader(zeros{}, 1<<20), failing{broken})
	if _, err := a.Store(context.Background(), someInstance, late); !errors.Is(err, broken) || !errors.Is(a.Err(), broken) {
		t.Errorf("late: %v, and the association: %v", err, a.Err())
	}
}

func TestRejections(t *testing.T) {
	for _, c := range []struct {
		result, source, reason byte
		want                   string
	}{
		{1, 1, 7, "rejected-permanent, by the DICOM UL service-user: called-AE-title-not-recognized"},
		{1, 1, 3, "calling-AE-title-not-recognized"},
		{2, 3, 1, "rejected-transient, by the DICOM UL service-provider (Presentation related function): temporary-congestion"},
		{1, 2, 2, "(ACSE related function): protocol-version-not-supported"},
		{9, 9, 9, "reserved (9), by the reserved (9): reserved (9)"},
	} {
		conn := with(t, func(p *scripted) {
			p.pdu()
			p.send(fmt.Sprintf("03 00 00000004 00 %02x %02x %02x", c.result, c.source, c.reason))
		})
		_, err := Associate(context.Background(), conn, someOptions())
		if e, ok := isError[*RejectError](err); !ok || !strings.Contains(err.Error(), c.want) || e.Permanent() != (c.result != 2) {
			t.Errorf("%v instead of %s", err, c.want)
		}
	}
}
