package transfer

import (
	"encoding/binary"
	"io"
	"net"
)

const (
	pDataTF = 4 // PDU type of P-DATA-TF (PS3.8 section 9.3.5)
	pduHead = 6 // type, reserved, length
)

// earlyWrite is a connection that writes the first byte of the next message as soon as
// the first part of an answer has arrived.
//
// DCMTK, and so Orthanc, writes an answer in two parts. With Nagle's algorithm (RFC
// 1122, section 4.2.3.4), which it leaves on, the second part waits until the first is
// acknowledged; and a client of it, such as a TLS proxy, delays an acknowledgement by
// some 40 ms unless it has something to send. So the first byte of the next P-DATA-TF
// is sent at that moment. The rest of the message follows when the answer is complete.
type earlyWrite struct {
	net.Conn
	// more reports whether another message will follow immediately.
	more func() bool
	// waiting: a message was sent, and nothing was written early since.
	waiting bool
	// answering: a part of an answer has arrived.
	answering bool
	got       []byte // of the answer's header
	// headerSent: the first byte of the next PDU's header was sent.
	headerSent bool
}

// Read reads, and writes early when it has to wait for the rest of an answer. Package dicom
// allows this write as much time as the answer. A failed write does not affect the answer: if
// the connection is broken, the next Write fails.
func (e *earlyWrite) Read(p []byte) (int, error) {
	if e.answering && e.waiting && e.more() {
		n, _ := e.Conn.Write([]byte{pDataTF})
		e.headerSent, e.waiting = n == 1, false
	}
	n, err := e.Conn.Read(p)
	if room := pduHead - len(e.got); room > 0 {
		e.got = append(e.got, p[:min(n, room)]...)
	}
	e.answering = len(e.got) > 0 && e.got[0] == pDataTF &&
		!(len(e.got) == pduHead && uint32(n) >= binary.BigEndian.Uint32(e.got[2:]))
	return n, err
}

// Write writes whole PDUs. No other PDU can replace a message that was begun: then the
// connection can only be closed.
func (e *earlyWrite) Write(p []byte) (int, error) {
	message := len(p) > 0 && p[0] == pDataTF
	e.waiting, e.answering, e.got = message, false, e.got[:0]
	if !e.headerSent {
		return e.Conn.Write(p)
	}
	if !message {
		return 0, io.ErrClosedPipe
	}
	e.headerSent = false
	n, err := e.Conn.Write(p[1:])
	return n + 1, err
}

// NetConn is the connection below TLS, which package dicom closes immediately.
func (e *earlyWrite) NetConn() net.Conn {
	if c, ok := e.Conn.(interface{ NetConn() net.Conn }); ok {
		return c.NetConn()
	}
	return e.Conn
}
