package dicom

import (
	"encoding/binary"
)

// Command fields and other values that PS3.7 annex E defines.
const (
	cStoreRQ  uint16 = 0x0001
	cStoreRSP uint16 = 0x8001
	cEchoRQ   uint16 = 0x0030
	cEchoRSP  uint16 = 0x8030

	noDataSet   uint16 = 0x0101
	withDataSet uint16 = 0x0001 // any other value means the same
)

// Elements of group 0000 (PS3.7 table E.1-1).
const (
	tagSOPClass    uint16 = 0x0002
	tagField       uint16 = 0x0100
	tagMessageID   uint16 = 0x0110
	tagRespondedTo uint16 = 0x0120
	tagPriority    uint16 = 0x0700
	tagDataSetType uint16 = 0x0800
	tagStatus      uint16 = 0x0900
	tagComment     uint16 = 0x0902
	tagInstance    uint16 = 0x1000
)

const (
	// maxCommand bounds a response's command set; some hundred bytes are usual.
	maxCommand = 64 << 10
	maxComment = 64 // LO, PS3.5 table 6.2-1
)

// commandSet builds a command: implicit VR little endian, with the group length
// in front (PS3.7 section 6.3).
type commandSet []byte

func newCommand(buf []byte) commandSet {
	return append(commandSet(buf[:0]), 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0)
}

func (c commandSet) number(element, value uint16) commandSet {
	c = binary.LittleEndian.AppendUint16(append(c, 0, 0), element)
	c = binary.LittleEndian.AppendUint32(c, 2)
	return binary.LittleEndian.AppendUint16(c, value)
}

func (c commandSet) uid(element uint16, uid string) commandSet {
	c = binary.LittleEndian.AppendUint16(append(c, 0, 0), element)
	c = binary.LittleEndian.AppendUint32(c, uint32(len(uid)+len(uid)%2))
	c = append(c, uid...)
	return append(c, make([]byte, len(uid)%2)...)
}

// bytes is the finished command.
func (c commandSet) bytes() []byte {
	binary.LittleEndian.PutUint32(c[8:], uint32(len(c)-12))
	return c
}

// response is a C-ECHO-RSP or C-STORE-RSP. It refers to the buffer that it was read from.
type response struct {
	field, respondedTo, dataSetType, status uint16
	sopClass, instance, comment             []byte
}

// parseResponse reads a command set (PS3.7 section 6.3.1). Elements that don't
// matter here are skipped.
func parseResponse(b []byte) (response, error) {
	var r response
	numbers := map[uint16]*uint16{tagField: &r.field, tagRespondedTo: &r.respondedTo, tagDataSetType: &r.dataSetType, tagStatus: &r.status}
	for len(b) > 0 {
		if len(b) < 8 || uint32(len(b)-8) < binary.LittleEndian.Uint32(b[4:]) {
			return r, malformed("sent a command with an element that ends too early")
		}
		group, element := binary.LittleEndian.Uint16(b), binary.LittleEndian.Uint16(b[2:])
		value := b[8 : 8+binary.LittleEndian.Uint32(b[4:])]
		b = b[8+len(value):]
		if group != 0 {
			return r, malformed("sent a command with an element of the group %04X", group)
		}
		if number := numbers[element]; number != nil {
			if len(value) != 2 {
				return r, malformed("sent a command whose element (0000,%04X) has %d bytes instead of 2", element, len(value))
			}
			*number = binary.LittleEndian.Uint16(value)
			delete(numbers, element)
			continue
		}
		switch element {
		case tagSOPClass:
			r.sopClass = value
		case tagInstance:
			r.instance = value
		case tagComment:
			r.comment = value
		}
	}
	for _, element := range [...]uint16{tagField, tagRespondedTo, tagDataSetType, tagStatus} {
		if numbers[element] != nil {
			return r, malformed("sent a command without the element (0000,%04X)", element)
		}
	}
	return r, nil
}
