package transfer

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

const maxPDU = 128 << 10

// peer is a storage SCP with configurable faults. It implements just enough of the protocol
// (PS3.8 section 9.3, PS3.7 section 9.3.1) for the requests of this program.
type peer struct {
	// accepts reports whether a context is accepted; nil accepts all.
	accepts func(sopClass, transferSyntax string) bool
	// rejects is the result with which associations are rejected, 0 for none (PS3.8
	// table 9-21).
	rejects byte
	// serves is how many associations are served at the same time, 0 for any number: the peer
	// does not read the requests of the others, or else rejects them as transient
	// (local-limit-exceeded).
	serves       int
	rejectsOther bool
	// status answers a message; nil answers success.
	status func(instance string) uint16
	// dies reports whether the connection is cut instead of answering message n of all.
	dies func(n int, instance string) bool
	// halves writes answers in two parts, the second after more data has arrived, or after
	// halves; nudged is called when data arrives.
	halves time.Duration
	nudged func()
	// holds blocks before a message is answered.
	holds func(n int)
	// ends blocks before a C-ECHO or a release is answered.
	ends func()

	mu           sync.Mutex
	associations int
	open, most   int
	contexts     []int // of each association
	messages     int
	stored       map[string]int // answered with success or a warning
	bytes        map[string]int64
	aborted      int
	echoes       int
	rejected     int
	places       chan struct{}
	released     int
	late         int // second parts that had to wait
	address      string
}

func (p *peer) listen(t testing.TB) *peer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.stored, p.bytes, p.address = map[string]int{}, map[string]int64{}, listener.Addr().String()
	var serving sync.WaitGroup
	t.Cleanup(func() { _ = listener.Close(); serving.Wait() })
	if p.serves > 0 {
		p.places = make(chan struct{}, p.serves)
	}
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { p.serve(conn) })
		}
	})
	return p
}

// finish waits until the peer has seen the end of all associations.
func (p *peer) finish(t *testing.T) {
	t.Helper()
	if err := wait.PollUntilContextTimeout(t.Context(), time.Millisecond, 5*time.Second, true, func(context.Context) (bool, error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.open == 0, nil
	}); err != nil {
		t.Error("the peer still has associations")
	}
}

func (p *peer) dial(ctx context.Context) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, "tcp", p.address)
}

func (p *peer) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	in, buf := bufio.NewReader(conn), make([]byte, maxPDU)
	kind, body := pdu(in, buf)
	if kind != 1 {
		return
	}
	if !p.admit(conn) {
		return
	}
	p.mu.Lock()
	p.associations++
	p.open++
	p.most = max(p.most, p.open)
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		p.open--
		p.mu.Unlock()
		if p.places != nil {
			<-p.places
		}
	}()
	if p.rejects != 0 {
		_, _ = conn.Write([]byte{3, 0, 0, 0, 0, 4, 0, p.rejects, 1, 7})
		return
	}
	_, _ = conn.Write(p.accept(body))
	var command []byte
	var size int64
	for {
		kind, body := pdu(in, buf)
		switch kind {
		case 5:
			p.mu.Lock()
			p.released++
			p.mu.Unlock()
			p.end()
			_, _ = conn.Write([]byte{6, 0, 0, 0, 0, 4, 0, 0, 0, 0})
			return
		case 7:
			p.mu.Lock()
			p.aborted++
			p.mu.Unlock()
			return
		case 4:
		default:
			return
		}
		if body[5]&1 != 0 { // a command, whole in one fragment
			command, size = bytes.Clone(body[6:]), 0
			if field(command, 0x0100)[0] == 0x30 {
				p.mu.Lock()
				p.echoes++
				p.mu.Unlock()
				p.end()
				p.respond(conn, in, body[4], command, 0)
			}
			continue
		}
		size += int64(len(body) - 6)
		if body[5]&2 != 0 && !p.answer(conn, in, body[4], command, size) {
			return
		}
	}
}

// admit waits for a free slot, or rejects.
func (p *peer) admit(conn net.Conn) bool {
	if p.places == nil {
		return true
	}
	if !p.rejectsOther {
		p.places <- struct{}{}
		return true
	}
	select {
	case p.places <- struct{}{}:
		return true
	default:
	}
	p.mu.Lock()
	p.rejected++
	p.mu.Unlock()
	_, _ = conn.Write([]byte{3, 0, 0, 0, 0, 4, 0, 2, 3, 2})
	return false
}

func (p *peer) end() {
	if p.ends != nil {
		p.ends()
	}
}

func (p *peer) answer(conn net.Conn, in *bufio.Reader, context byte, command []byte, size int64) bool {
	uid := string(bytes.TrimRight(field(command, 0x1000), "\x00"))
	p.mu.Lock()
	p.messages++
	n := p.messages
	p.mu.Unlock()
	if p.holds != nil {
		p.holds(n)
	}
	if p.dies != nil && p.dies(n, uid) {
		return false
	}
	status := uint16(0)
	if p.status != nil {
		status = p.status(uid)
	}
	if status == 0 || status>>12 == 0xB {
		p.mu.Lock()
		p.stored[uid]++
		p.bytes[uid] = size
		p.mu.Unlock()
	}
	return p.respond(conn, in, context, command, status)
}

func (p *peer) respond(conn net.Conn, in *bufio.Reader, context byte, command []byte, status uint16) bool {
	set := element(nil, 0x0002, field(command, 0x0002))
	set = element(set, 0x0100, []byte{field(command, 0x0100)[0], 0x80})
	set = element(set, 0x0120, field(command, 0x0110))
	set = element(set, 0x0800, []byte{1, 1})
	set = element(set, 0x0900, binary.LittleEndian.AppendUint16(nil, status))
	if instance := field(command, 0x1000); instance != nil {
		set = element(set, 0x1000, instance)
	}
	set = append(element(nil, 0x0000, binary.LittleEndian.AppendUint32(nil, uint32(len(set)))), set...)
	out := binary.BigEndian.AppendUint32([]byte{4, 0}, uint32(len(set)+6))
	out = binary.BigEndian.AppendUint32(out, uint32(len(set)+2))
	out = append(append(out, context, 3), set...)
	if p.halves > 0 {
		_, _ = conn.Write(out[:12])
		out = out[12:]
		p.wait(conn, in)
	}
	_, err := conn.Write(out)
	return err == nil
}

// wait simulates Nagle's algorithm without an acknowledgement.
func (p *peer) wait(conn net.Conn, in *bufio.Reader) {
	_ = conn.SetReadDeadline(time.Now().Add(p.halves))
	_, err := in.Peek(1)
	_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		p.late++
	} else if p.nudged != nil {
		p.nudged()
	}
}

// accept answers A-ASSOCIATE-RQ.
func (p *peer) accept(rq []byte) []byte {
	out := append([]byte{}, rq[:68]...)
	contexts := 0
	eachItem(rq[68:], func(kind byte, value []byte) {
		if kind == 0x10 {
			out = item(out, kind, value)
		}
		if kind != 0x20 {
			return
		}
		contexts++
		var abstract, transfer string
		eachItem(value[4:], func(kind byte, value []byte) {
			if kind == 0x30 {
				abstract = string(value)
			} else {
				transfer = string(value)
			}
		})
		result := byte(0)
		if p.accepts != nil && !p.accepts(abstract, transfer) {
			result = 3
		}
		out = item(out, 0x21, item([]byte{value[0], 0, result, 0}, 0x40, []byte(transfer)))
	})
	p.mu.Lock()
	p.contexts = append(p.contexts, contexts)
	p.mu.Unlock()
	out = item(out, 0x50, item(nil, 0x51, binary.BigEndian.AppendUint32(nil, maxPDU)))
	return append(binary.BigEndian.AppendUint32([]byte{2, 0}, uint32(len(out))), out...)
}

// pdu reads a PDU into buf, unless it is longer.
func pdu(in io.Reader, buf []byte) (byte, []byte) {
	var head [6]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return 0, nil
	}
	body := slices.Grow(buf[:0], int(binary.BigEndian.Uint32(head[2:])))[:binary.BigEndian.Uint32(head[2:])]
	if _, err := io.ReadFull(in, body); err != nil {
		return 0, nil
	}
	return head[0], body
}

func eachItem(b []byte, each func(kind byte, value []byte)) {
	for len(b) >= 4 {
		n := 4 + int(binary.BigEndian.Uint16(b[2:]))
		each(b[0], b[4:n])
		b = b[n:]
	}
}

func item(b []byte, kind byte, value []byte) []byte {
	b = binary.BigEndian.AppendUint16(append(b, kind, 0), uint16(len(value)))
	return append(b, value...)
}

// element appends an element of a command set, and field finds one.
func element(b []byte, number uint16, value []byte) []byte {
	b = binary.LittleEndian.AppendUint16(append(b, 0, 0), number)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(value)))
	return append(b, value...)
}

func field(set []byte, number uint16) []byte {
	for len(set) >= 8 {
		n := 8 + int(binary.LittleEndian.Uint32(set[4:]))
		if binary.LittleEndian.Uint16(set[2:]) == number {
			return set[8:n]
		}
		set = set[n:]
	}
	return nil
}
