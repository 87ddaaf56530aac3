package validate

import (
	"bytes"
	"io"
	"net"
)

// peer answers associations as an Orthanc does, and passes stored images to its archive. It
// implements the parts of DICOM that these tests need.
type peer struct {
	archive *archive
	// answer is a whole PDU that replaces the answer to A-ASSOCIATE-RQ.
	answer []byte
	// refuses is the abstract syntax whose contexts aren't accepted.
	refuses string
	// echo and store are the statuses; store depends on the number of the image.
	echo  uint16
	store func(number int) uint16
	// before is called before the answer to a completed request: "A-ASSOCIATE", "C-ECHO" or
	// "C-STORE".
	before func(operation string)
	// late makes it close the connection at C-STORE without an answer, and store the image when
	// the channel is closed.
	late <-chan struct{}
}

// serve implements the upper layer protocol (PS3.8 section 9.3) until the other side closes.
func (p *peer) serve(conn net.Conn) {
	stored := 0
	var command, data []byte
	for {
		var head [6]byte
		if _, err := io.ReadFull(conn, head[:]); err != nil {
			return
		}
		body := make([]byte, network.Uint32(head[2:]))
		if _, err := io.ReadFull(conn, body); err != nil {
			return
		}
		switch head[0] {
		case 1: // A-ASSOCIATE-RQ
			if p.answer != nil {
				_, _ = conn.Write(p.answer)
				return
			}
			p.reported("A-ASSOCIATE")
			_, _ = conn.Write(p.accept(body))
		case 4: // P-DATA-TF
			whole := false
			command, data, whole = collect(body, command, data)
			if !whole {
				continue
			}
			if element(command, 0x0100) == 1 { // C-STORE-RQ
				stored++
			}
			if data != nil && p.late != nil {
				go func(data []byte) {
					<-p.late
					p.archive.keep(data)
				}(bytes.Clone(data))
				return
			}
			_, _ = conn.Write(p.respond(body[4], command, data, stored))
			command, data = nil, nil
		case 5: // A-RELEASE-RQ
			_, _ = conn.Write([]byte{6, 0, 0, 0, 0, 4, 0, 0, 0, 0})
		default:
			return
		}
	}
}

// accept accepts each context with its first transfer syntax.
func (p *peer) accept(rq []byte) []byte {
	out := append([]byte{2, 0, 0, 0, 0, 0}, rq[:68]...)
	items(rq[68:], func(kind byte, value []byte) {
		switch kind {
		case 0x10:
			out = append(out, item(kind, value)...)
		case 0x20:
			result, abstract, syntax := byte(0), "", []byte(nil)
			items(value[4:], func(kind byte, value []byte) {
				if kind == 0x30 {
					abstract = string(value)
				} else if syntax == nil {
					syntax = value
				}
			})
			if abstract == p.refuses {
				result = 3 // abstract syntax not supported, PS3.8 table 9-18
			}
			out = append(out, item(0x21, append([]byte{value[0], 0, result, 0}, item(0x40, syntax)...))...)
		}
	})
	out = append(out, item(0x50, append(item(0x51, []byte{0, 0, 0x40, 0}), item(0x55, []byte("FAKE"))...))...)
	network.PutUint32(out[2:], uint32(len(out)-6))
	return out
}

// respond performs the operation of a message and answers it.
func (p *peer) respond(context byte, command, data []byte, number int) []byte {
	operation, status := "C-ECHO", p.echo
	if data != nil {
		operation, status = "C-STORE", 0
	}
	if data != nil {
		if p.store != nil {
			status = p.store(number)
		}
		if status == 0 || status>>12 == 0xB {
			p.archive.keep(bytes.Clone(data))
		}
	}
	p.reported(operation)
	var set []byte
	add := func(tag uint16, value []byte) {
		set = little.AppendUint16(append(set, 0, 0), tag)
		set = append(little.AppendUint32(set, uint32(len(value))), value...)
	}
	two := func(v uint16) []byte { return little.AppendUint16(nil, v) }
	add(0x0002, raw(command, 0x0002))
	add(0x0100, two(element(command, 0x0100)|0x8000))
	add(0x0120, two(element(command, 0x0110)))
	add(0x0800, two(0x0101))
	add(0x0900, two(status))
	if uid := raw(command, 0x1000); uid != nil {
		add(0x1000, uid)
	}
	whole := append(little.AppendUint32([]byte{0, 0, 0, 0, 4, 0, 0, 0}, uint32(len(set))), set...)
	pdv := append([]byte{context, 3}, whole...)
	pdu := network.AppendUint32([]byte{4, 0}, uint32(4+len(pdv)))
	return append(network.AppendUint32(pdu, uint32(len(pdv))), pdv...)
}

func (p *peer) reported(operation string) {
	if p.before != nil {
		p.before(operation)
	}
}

// rejection is an A-ASSOCIATE-RJ: permanent, with the reason that the called AE title is not
// recognized.
var rejection = []byte{3, 0, 0, 0, 0, 4, 0, 1, 1, 7}

// abortion is an A-ABORT by the service-provider, without a reason.
var abortion = []byte{7, 0, 0, 0, 0, 4, 0, 0, 2, 0}
