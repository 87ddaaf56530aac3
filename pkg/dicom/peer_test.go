package dicom

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/internal/octets"
	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
)

// scripted is the other end of a connection: it expects and sends exact bytes.
type scripted struct {
	t    *testing.T
	conn net.Conn
}

func (p *scripted) expect(text string) {
	p.t.Helper()
	want := octets.Parse(p.t, text)
	got := make([]byte, len(want))
	n, err := io.ReadFull(p.conn, got)
	if !bytes.Equal(got[:n], want) {
		p.t.Errorf("the peer got (%v)\n%s\ninstead of\n%s", err, hex.Dump(got[:n]), hex.Dump(want))
	}
}

func (p *scripted) send(text string) { p.write(octets.Parse(p.t, text)) }

func (p *scripted) write(b []byte) { _, _ = p.conn.Write(b) }

// pdu reads any PDU.
func (p *scripted) pdu() (kind byte, body []byte) {
	var head [pduHead]byte
	if _, err := io.ReadFull(p.conn, head[:]); err != nil {
		return 0, nil
	}
	body = make([]byte, binary.BigEndian.Uint32(head[2:]))
	_, _ = io.ReadFull(p.conn, body)
	return head[0], body
}

// acceptAll answers A-ASSOCIATE-RQ by accepting each context with its first
// transfer syntax.
func (p *scripted) acceptAll(maxPDU uint32) {
	kind, body := p.pdu()
	if kind != pduAssociateRQ {
		p.t.Errorf("the peer got a PDU of type %d instead of A-ASSOCIATE-RQ", kind)
		return
	}
	p.write(acceptance(p.t, body, maxPDU))
}

func acceptance(t testing.TB, rq []byte, maxPDU uint32) []byte {
	b := append([]byte{pduAssociateAC, 0, 0, 0, 0, 0}, rq[:68]...)
	err := eachItem(rq[68:], "A-ASSOCIATE-RQ", func(kind byte, value []byte) error {
		if kind == itemApplication {
			b = appendText(b, kind, string(value))
		}
		if kind != itemContextRQ {
			return nil
		}
		syntax := ""
		err := eachItem(value[4:], "a context", func(kind byte, value []byte) error {
			if kind == itemTransfer && syntax == "" {
				syntax = string(value)
			}
			return nil
		})
		b = appendItem(b, itemContextAC, func(b []byte) []byte {
			return appendText(append(b, value[0], 0, 0, 0), itemTransfer, syntax)
		})
		return err
	})
	if err != nil {
		t.Error(err)
	}
	b = appendItem(b, itemUser, func(b []byte) []byte {
		b = append(b, itemMaxLength, 0, 0, 4)
		return binary.BigEndian.AppendUint32(b, maxPDU)
	})
	binary.BigEndian.PutUint32(b[2:], uint32(len(b)-pduHead))
	return b
}

// message reads one message: its command, and its data set if it has one.
func (p *scripted) message() (context byte, command, data []byte) {
	hasData := false
	for {
		kind, body := p.pdu()
		if kind != pduData {
			return 0, nil, nil
		}
		for len(body) > 0 {
			value := body[4 : 4+binary.BigEndian.Uint32(body)]
			body = body[4+len(value):]
			context = value[0]
			last := value[1]&controlLast != 0
			if value[1]&controlCommand != 0 {
				command = append(command, value[2:]...)
				hasData = hasData || last && bytes.Contains(command, octets.Parse(p.t, "0000 0008 02000000 0100"))
				if last && !hasData {
					return
				}
			} else if data = append(data, value[2:]...); last {
				return
			}
		}
	}
}

// reply builds a response to a command set, in PDUs with fragments of the given length.
func reply(context byte, command []byte, status uint16, fragment int) []byte {
	field := binary.LittleEndian.Uint16(element0000(command, tagField))
	rsp := newCommand(nil).uid(tagSOPClass, string(element0000(command, tagSOPClass))).number(tagField, field|0x8000).
		number(tagRespondedTo, binary.LittleEndian.Uint16(element0000(command, tagMessageID))).
		number(tagDataSetType, noDataSet).number(tagStatus, status)
	if instance := element0000(command, tagInstance); instance != nil {
		rsp = rsp.uid(tagInstance, string(instance))
	}
	var out []byte
	s := &sender{buf: make([]byte, 0, 8<<10), fragment: fragment, write: func(b []byte) error { out = append(out, b...); return nil }}
	_ = s.message(context, rsp.bytes(), nil)
	return out
}

func element0000(set []byte, element uint16) []byte {
	for b := set; len(b) >= 8; {
		value := b[8 : 8+binary.LittleEndian.Uint32(b[4:])]
		if binary.LittleEndian.Uint16(b[2:]) == element {
			return value
		}
		b = b[8+len(value):]
	}
	return nil
}

// serve answers every message with success until the association ends.
func (p *scripted) serve(maxPDU uint32) {
	p.acceptAll(maxPDU)
	for {
		context, command, _ := p.message()
		if command == nil {
			p.write(endPDU(pduReleaseRP, 0, 0))
			return
		}
		p.write(reply(context, command, 0, 4096))
	}
}

// with returns a connection whose peer runs the script.
func with(t *testing.T, script func(*scripted)) net.Conn {
	t.Helper()
	ours, theirs := loopback(t)
	return run(t, ours, theirs, script)
}

func run(t *testing.T, ours, theirs net.Conn, script func(*scripted)) net.Conn {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer theirs.Close()
		_ = theirs.SetDeadline(time.Now().Add(20 * time.Second))
		script(&scripted{t, theirs})
	}()
	t.Cleanup(func() {
		_ = ours.Close()
		<-done
	})
	return ours
}

func loopback(t testing.TB) (ours, theirs net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	accepted := make(chan net.Conn, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			t.Error(err)
		}
		accepted <- conn
	}()
	ours, err = net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return ours, <-accepted
}

var someInstance = part10.Meta{SOPClass: part10.SecondaryCaptureStorage, SOPInstance: "2.25.1", TransferSyntax: part10.ExplicitVRLittleEndian}

func someOptions() Options {
	return Options{Calling: "ORTHWEB", Called: "ORTHANC", Contexts: Propose(someInstance),
		Timeouts: Timeouts{Association: 30 * time.Second, Response: 30 * time.Second, Idle: 30 * time.Second}}
}

// associated returns an association with a script that begins after acceptance.
func associated(t *testing.T, maxPDU uint32, script func(*scripted)) *Association {
	t.Helper()
	conn := with(t, func(p *scripted) { p.acceptAll(maxPDU); script(p) })
	a, err := Associate(context.Background(), conn, someOptions())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func isError[E error](err error) (E, bool) {
	var e E
	ok := errors.As(err, &e)
	return e, ok
}
