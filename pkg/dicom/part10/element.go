package part10

import (
	"encoding/binary"
	"strings"
)

const (
	undefined = 0xFFFFFFFF // length: up to a delimiter (PS3.5 sections 7.1.1 and 7.5)

	tagItem         uint32 = 0xFFFEE000
	tagItemEnd      uint32 = 0xFFFEE00D
	tagSequenceEnd  uint32 = 0xFFFEE0DD
	tagPixelData    uint32 = 0x7FE00010
	tagFloatPixels  uint32 = 0x7FE00008
	tagDoublePixels uint32 = 0x7FE00009
	tagSOPClassUID  uint32 = 0x00080016
	tagSOPUID       uint32 = 0x00080018
	tagStudyUID     uint32 = 0x0020000D
	tagSeriesUID    uint32 = 0x0020000E
	tagFrames       uint32 = 0x00280008
	longestHead            = 12
	shortestHead           = 8
	shortLengthVRs         = "AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US"
	itemGroup       uint32 = 0xFFFE
)

// element is the head of a data element; vr is "" in implicit VR and for items.
type element struct {
	tag    uint32
	vr     string
	length uint32
}

// parseElement parses a data element's head (PS3.5 section 7.1) and returns its size. ok is
// false if b is too short or the VR is invalid. An unknown VR has the long form (PS3.5
// section 6.2, note).
func parseElement(b []byte, order binary.ByteOrder, explicit bool) (e element, size int, ok bool) {
	if len(b) < shortestHead {
		return e, 0, false
	}
	e.tag = uint32(order.Uint16(b))<<16 | uint32(order.Uint16(b[2:]))
	if !explicit || e.tag>>16 == itemGroup {
		e.length = order.Uint32(b[4:])
		return e, shortestHead, true
	}
	if !upper(b[4]) || !upper(b[5]) {
		return e, 0, false
	}
	e.vr = string(b[4:6])
	if strings.Contains(shortLengthVRs, e.vr) {
		e.length = uint32(order.Uint16(b[6:]))
		return e, shortestHead, true
	}
	if len(b) < longestHead {
		return e, 0, false
	}
	e.length = order.Uint32(b[8:])
	return e, longestHead, true
}

func upper(c byte) bool { return c >= 'A' && c <= 'Z' }

// noVR reports whether these two bytes are those that toolkits write if they have no VR: such
// an element has the short form, as DCMTK reads it.
func noVR(b []byte) bool { return b[0] == b[1] && (b[0] == '?' || b[0] == ' ' || b[0] == 0) }
