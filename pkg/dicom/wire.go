package dicom

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

// grace limits each of four steps, so that together they take less than a second: finishing a
// PDU, A-ABORT, the wait for its effect, and closing.
const grace = 200 * time.Millisecond

// allow sets how long reading may take from now, unless the operation has been
// interrupted.
func (a *Association) allow(limit time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.readUntil = time.Now().Add(limit)
	if a.stop == nil {
		_ = a.conn.SetReadDeadline(a.readUntil)
	}
}

// allowWritesWhileReading sets the deadline of the read for what the connection itself writes
// while it reads. TLS answers a request for new keys in this way (RFC 8446, section 4.6.3),
// and a caller's connection may begin the next message. The deadline of the previous write
// would expire if the peer takes long to answer.
func (a *Association) allowWritesWhileReading() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.stop == nil {
		_ = a.conn.SetWriteDeadline(a.readUntil)
	}
}

// write sends whole PDUs.
func (a *Association) write(pdus []byte) error {
	a.mu.Lock()
	if err := a.stop; err != nil {
		a.mu.Unlock()
		return err
	}
	_ = a.conn.SetWriteDeadline(time.Now().Add(a.timeouts.Idle))
	a.mu.Unlock()
	if _, err := a.conn.Write(pdus); err != nil {
		a.partiallyWritten = true
		return a.readAbort(a.late(err, "the peer to read", a.timeouts.Idle))
	}
	a.active = time.Now()
	return nil
}

// readAbort reads the A-ABORT that a peer may have sent before it stopped reading: it
// explains more than a broken connection.
func (a *Association) readAbort(err error) error {
	a.allow(grace)
	kind, body, readErr := readPDU(a.in, a.body, a.maxPDU)
	if readErr == nil && kind == pduAbort {
		return &AbortError{Source: body[2], Reason: body[3]}
	}
	return err
}

// readPDU reads the next PDU. A-ABORT is an error.
func (a *Association) readPDU() (kind byte, body []byte, err error) {
	a.allowWritesWhileReading()
	kind, body, err = readPDU(a.in, a.body, a.maxPDU)
	if err != nil {
		return 0, nil, err
	}
	a.body, a.active = body, time.Now()
	if kind == pduAbort {
		return 0, nil, &AbortError{Source: body[2], Reason: body[3]}
	}
	return kind, body, nil
}

// late turns the error of a deadline that passed into a TimeoutError.
func (a *Association) late(err error, waiting string, limit time.Duration) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return &TimeoutError{Waiting: waiting, After: limit}
	}
	return err
}

// fail ends the association and returns the reason, as an error of doing something. A peer
// that is still connected gets an A-ABORT.
func (a *Association) fail(doing string, err error) error {
	var abort *AbortError
	var reject *RejectError
	var protocol *ProtocolError
	var source *sourceError
	cause := a.stopped()
	switch {
	case cause != nil:
		a.sendAbort(0, 0)
	case errors.As(err, &source):
		cause = err
		a.sendAbort(0, 0)
	case errors.Is(err, ErrReleased):
		cause = err
		a.awaitClose()
	case errors.As(err, &abort):
		abort.Before = a.idle
		cause = err
	case errors.As(err, &reject):
		cause = err
	case errors.As(err, &protocol):
		cause = err
		a.sendAbort(2, protocol.reason)
	case closedByPeer(err):
		cause = &ClosedError{Before: a.idle, Waiting: time.Since(a.active), Err: err}
	default:
		cause = err
		a.sendAbort(0, 0)
	}
	a.end(cause)
	if doing == "" {
		return cause
	}
	return fmt.Errorf("%s: %w", doing, cause)
}

// end marks the association as over and closes the connection.
func (a *Association) end(cause error) {
	a.mu.Lock()
	if a.cause == nil {
		a.cause = cause
	}
	a.mu.Unlock()
	a.closeConn()
}

// sendAbort sends A-ABORT and waits for the peer to close, as PS3.8 section 9.2.3 requires
// (state 13), with its own short ARTIM timer: closing immediately could discard the A-ABORT
// in transit. After a failed write, no PDU can be sent.
func (a *Association) sendAbort(source, reason byte) {
	if a.partiallyWritten {
		return
	}
	_ = a.conn.SetWriteDeadline(time.Now().Add(grace))
	if _, err := a.conn.Write(endPDU(pduAbort, source, reason)); err != nil {
		return
	}
	a.awaitClose()
}

func (a *Association) awaitClose() {
	_ = a.conn.SetDeadline(time.Now().Add(grace))
	_, _ = io.Copy(io.Discard, a.conn)
}

// closeConn closes within grace. A tls.Conn waits five seconds for its close_notify, so the
// connection below is closed first when that takes too long.
func (a *Association) closeConn() {
	if c, ok := a.conn.(interface{ NetConn() net.Conn }); ok {
		defer time.AfterFunc(grace, func() { _ = c.NetConn().Close() }).Stop()
	}
	_ = a.conn.Close()
}
