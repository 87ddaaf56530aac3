package dicom

import "encoding/binary"

// readCommand puts a command set together from its fragments (PS3.8 annex E),
// which may come in any number of PDUs.
func (a *Association) readCommand(context byte) ([]byte, error) {
	a.answer = a.answer[:0]
	for {
		kind, body, err := a.readPDU()
		if err != nil {
			return nil, err
		}
		switch kind {
		case pduData:
		case pduReleaseRQ:
			_ = a.write(endPDU(pduReleaseRP, 0, 0))
			return nil, ErrReleased
		default:
			return nil, unexpected("sent an %s instead of a response", pduNames[kind])
		}
		set, last, err := appendFragments(a.answer, body, context)
		if err != nil {
			return nil, err
		}
		if a.answer = set; last {
			return set, nil
		}
	}
}

// appendFragments adds the command fragments of one P-DATA-TF (PS3.8 table
// 9-23).
func appendFragments(set, body []byte, context byte) (_ []byte, last bool, err error) {
	if len(body) == 0 {
		return nil, false, malformed("sent an empty P-DATA-TF")
	}
	for len(body) > 0 {
		if len(body) < pdvHead || binary.BigEndian.Uint32(body) < 2 || uint32(len(body)-4) < binary.BigEndian.Uint32(body) {
			return nil, false, malformed("sent a presentation data value that ends too early")
		}
		value := body[4 : 4+binary.BigEndian.Uint32(body)]
		body = body[4+len(value):]
		switch {
		case value[0] != context:
			return nil, false, unexpected("answered in the presentation context %d instead of %d", value[0], context)
		case value[1]&controlCommand == 0:
			return nil, false, unexpected("sent a part of a data set instead of a response")
		case last:
			return nil, false, unexpected("sent more after its response")
		case len(set)+len(value)-2 > maxCommand:
			return nil, false, malformed("sent a command of more than %d KiB", maxCommand>>10)
		}
		set = append(set, value[2:]...)
		last = value[1]&controlLast != 0
	}
	return set, last, nil
}
