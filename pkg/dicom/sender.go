package dicom

import (
	"bufio"
	"errors"
	"io"
)

const (
	pdvHead = 6 // length, context id, message control header: PS3.8 table 9-23, annex E.2
	// minPDU holds a fragment of two bytes; fragments are even.
	minPDU = pdvHead + 2
	// maxSent caps the P-DATA-TF sent to a peer that takes longer ones.
	maxSent = 128 << 10

	controlCommand byte = 1
	controlLast    byte = 2
)

// source gives a message's bytes in fragments: at most len(p) of them, and
// whether they are the last.
type source interface {
	fill(p []byte) (n int, last bool, err error)
}

// inMemory is a command set.
type inMemory struct{ rest []byte }

func (m *inMemory) fill(p []byte) (int, bool, error) {
	n := copy(p, m.rest)
	m.rest = m.rest[n:]
	return n, len(m.rest) == 0, nil
}

// streamed is a data set.
type streamed struct {
	r *bufio.Reader
	// pad makes up for an odd length, which PS3.5 section A.5 wants of deflated
	// data sets, and some writers forget. Others have an even length, or are
	// broken; peers abort at an odd fragment.
	pad bool
}

var (
	errEmpty = errors.New("it is empty")
	errOdd   = errors.New("it has an odd number of bytes, so that it can't be whole")
)

func (s streamed) fill(p []byte) (int, bool, error) {
	n, last, err := s.read(p)
	if err != nil || n%2 == 0 {
		return n, last, err
	}
	if !s.pad {
		return n, last, errOdd
	}
	p[n] = 0 // there is room, since fragments are even
	return n + 1, last, nil
}

func (s streamed) read(p []byte) (int, bool, error) {
	// Not io.ReadFull: it makes no difference between the end of the data set and
	// a reader that reports io.ErrUnexpectedEOF.
	n := 0
	for n < len(p) {
		m, err := s.r.Read(p[n:])
		n += m
		if err == io.EOF && n == 0 {
			return 0, true, errEmpty
		}
		if err != nil {
			return n, err == io.EOF, ended(err)
		}
	}
	_, err := s.r.Peek(1)
	return n, err == io.EOF, ended(err)
}

func ended(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

// sender cuts messages into P-DATA-TF PDUs of one PDV each, and writes as many
// of them at once as its buffer holds: a command and a small data set are one
// write, so that they are one TLS record or two, and one round trip.
type sender struct {
	write func([]byte) error
	buf   []byte
	// fragment is the longest part of a message in one PDU: even.
	fragment int
	// begun: part of this message has been written.
	begun bool
}

func newSender(maxPDU uint32, write func([]byte) error) *sender {
	if maxPDU == 0 || maxPDU > maxSent {
		maxPDU = maxSent
	}
	// One PDU of the longest, and a command before it.
	const room = pduHead + maxSent + 1<<10
	return &sender{write: write, buf: make([]byte, 0, room), fragment: int(maxPDU-pdvHead) &^ 1}
}

// message sends a command, and the data set that goes with it unless nil.
func (s *sender) message(context byte, command []byte, data source) error {
	s.begun, s.buf = false, s.buf[:0]
	if err := s.stream(context, controlCommand, &inMemory{command}); err != nil {
		return err
	}
	if data != nil {
		if err := s.stream(context, 0, data); err != nil {
			return err
		}
	}
	return s.flush()
}

func (s *sender) stream(context, control byte, from source) error {
	for {
		const heads = pduHead + pdvHead
		if cap(s.buf)-len(s.buf) < heads+s.fragment {
			if err := s.flush(); err != nil {
				return err
			}
		}
		start := len(s.buf)
		n, last, err := from.fill(s.buf[start+heads : start+heads+s.fragment])
		if err != nil {
			return &sourceError{err}
		}
		s.buf = s.buf[:start+heads+n]
		head := s.buf[start:]
		head[0], head[1] = pduData, 0
		network.PutUint32(head[2:], uint32(pdvHead+n))
		network.PutUint32(head[6:], uint32(2+n))
		head[10], head[11] = context, control
		if last {
			head[11] |= controlLast
			return nil
		}
	}
}

func (s *sender) flush() error {
	if len(s.buf) == 0 {
		return nil
	}
	s.begun = true
	err := s.write(s.buf)
	s.buf = s.buf[:0]
	return err
}

// sourceError is the data set's reader failing, not the connection.
type sourceError struct{ err error }

func (e *sourceError) Error() string { return "reading the data set: " + e.err.Error() }
func (e *sourceError) Unwrap() error { return e.err }
