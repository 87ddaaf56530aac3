package dicom

import "encoding/binary"

const (
	pdvHead = 6 // length, context id, message control header: PS3.8 table 9-23, annex E.2
	// minPDU holds a fragment of two bytes; fragments are even.
	minPDU = pdvHead + 2
	// maxSent limits the P-DATA-TF sent to a peer that accepts longer ones.
	maxSent = 128 << 10

	controlCommand byte = 1
	controlLast    byte = 2
)

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
		binary.BigEndian.PutUint32(head[2:], uint32(pdvHead+n))
		binary.BigEndian.PutUint32(head[6:], uint32(2+n))
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
