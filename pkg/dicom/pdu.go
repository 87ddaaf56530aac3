package dicom

import (
	"encoding/binary"
	"fmt"
	"io"
)

// PDU types (PS3.8 section 9.3.1).
const (
	pduAssociateRQ byte = 1
	pduAssociateAC byte = 2
	pduAssociateRJ byte = 3
	pduData        byte = 4
	pduReleaseRQ   byte = 5
	pduReleaseRP   byte = 6
	pduAbort       byte = 7
)

const (
	pduHead = 6 // type, reserved, length of the rest
	// maxAccept bounds an A-ASSOCIATE-AC: 128 contexts with their longest UIDs
	// are 10 KiB, and an item of user information at most 64 KiB.
	maxAccept = 128 << 10
	// maxTaken bounds what may be offered as the longest P-DATA-TF.
	maxTaken = 1 << 20
)

var pduNames = map[byte]string{
	pduAssociateRQ: "A-ASSOCIATE-RQ",
	pduAssociateAC: "A-ASSOCIATE-AC",
	pduAssociateRJ: "A-ASSOCIATE-RJ",
	pduData:        "P-DATA-TF",
	pduReleaseRQ:   "A-RELEASE-RQ",
	pduReleaseRP:   "A-RELEASE-RP",
	pduAbort:       "A-ABORT",
}

// readPDU reads one PDU into buf, which grows as needed up to the limit of its type; maxData
// is the limit of P-DATA-TF.
func readPDU(r io.Reader, buf []byte, maxData uint32) (kind byte, body []byte, err error) {
	var head [pduHead]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	kind, length := head[0], binary.BigEndian.Uint32(head[2:])
	if err := boundPDU(kind, length, maxData); err != nil {
		return 0, nil, err
	}
	if uint32(cap(buf)) < length {
		buf = make([]byte, length)
	}
	body = buf[:length]
	if _, err := io.ReadFull(r, body); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return 0, nil, err
	}
	return kind, body, nil
}

func boundPDU(kind byte, length, maxData uint32) error {
	limit := maxData
	switch kind {
	case pduAssociateAC:
		limit = maxAccept
	case pduAssociateRJ, pduReleaseRQ, pduReleaseRP, pduAbort:
		if length != 4 {
			return malformed("sent an %s with a length of %d instead of 4", pduNames[kind], length)
		}
	case pduData:
	case pduAssociateRQ:
		return unexpected("sent an A-ASSOCIATE-RQ, which only this side may send")
	default:
		return &ProtocolError{What: fmt.Sprintf("sent a PDU of the type %02XH, which DICOM does not define: check that this is a DICOM port, and that both sides or neither use TLS", kind), reason: 1}
	}
	if length > limit {
		return malformed("sent an %s of %d bytes, but at most %d are allowed", pduNames[kind], length, limit)
	}
	return nil
}

// endPDU is A-RELEASE-RQ, A-RELEASE-RP, or A-ABORT (PS3.8 sections 9.3.6 to
// 9.3.8); source and reason are A-ABORT's.
func endPDU(kind, source, reason byte) []byte {
	return []byte{kind, 0, 0, 0, 0, 4, 0, 0, source, reason}
}
