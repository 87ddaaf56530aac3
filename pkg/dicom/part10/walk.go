package part10

import (
	"encoding/binary"
	"fmt"
	"io"
	"strings"
)

// maxDepth bounds sequences within sequences; real ones have about five.
const maxDepth = 64

// scanner walks the elements of a data set.
type scanner struct {
	*cursor
	order    binary.ByteOrder
	explicit bool
	found    Instance
	notes    notes
	// own are the values of the data set's top level that keep was given.
	own map[uint32]string
}

// dataSet walks the top level, up to the end of the file.
func (s *scanner) dataSet() error {
	for {
		if ended, err := s.trailing(); ended || err != nil {
			return err
		}
		e, err := s.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := s.top(e); err != nil {
			return err
		}
	}
}

// trailing goes over zero bytes up to the end of the file: some devices and disks
// write files in whole blocks. No element begins with eight of them.
func (s *scanner) trailing() (ended bool, err error) {
	start := s.at
	for {
		b, err := s.peek(shortestHead)
		if err != nil || strings.Trim(string(b), "\x00") != "" {
			if err == nil && s.at > start {
				err = fileError(Malformed, start, "there are zero bytes instead of an element at byte %d", start)
			}
			return false, err
		}
		if len(b) == 0 {
			s.found.Trailing = s.at - start
			return s.at > start, nil
		}
		if err := s.skip(int64(len(b))); err != nil {
			return false, err
		}
	}
}

// next reads an element's head; the error is io.EOF at the end of the file.
func (s *scanner) next() (element, error) {
	b, err := s.peek(longestHead)
	if err != nil {
		return element{}, err
	}
	if len(b) == 0 {
		return element{}, io.EOF
	}
	e, size, ok := parseElement(b, s.order, s.explicit)
	if !ok && len(b) >= shortestHead && noVR(b[4:6]) {
		s.notes.add(fmt.Sprintf("its element (%04X,%04X) has no valid value representation", e.tag>>16, e.tag&0xFFFF))
		e.vr, e.length, size, ok = "??", uint32(s.order.Uint16(b[6:])), shortestHead, true
	}
	if !ok {
		if len(b) < longestHead {
			return e, io.ErrUnexpectedEOF
		}
		return e, fileError(Malformed, s.at, "no element can be read at byte %d: its value representation is not two letters", s.at)
	}
	return e, s.skip(int64(size))
}

// top goes over an element of the data set itself.
func (s *scanner) top(e element) error {
	switch e.tag {
	case tagPixelData, tagFloatPixels, tagDoublePixels:
		s.found.PixelOffset = s.at
		if e.length != undefined && encapsulated(s.found.TransferSyntax) {
			return fileError(Malformed, s.at, "its pixel data is not encapsulated, as its transfer syntax %s requires", TransferSyntaxName(s.found.TransferSyntax))
		}
		if e.length == undefined {
			length, err := s.fragments()
			s.found.PixelLength = length
			return err
		}
		s.found.PixelLength = int64(e.length)
	case tagSOPClassUID, tagSOPUID, tagStudyUID, tagSeriesUID, tagFrames:
		value, err := s.peek(int(min(e.length, 2*maxUID)))
		if err != nil {
			return err
		}
		if s.explicit && e.vr != "UI" && e.tag != tagFrames {
			s.notes.add(fmt.Sprintf("its element (%04X,%04X) has the value representation %s in place of UI", e.tag>>16, e.tag&0xFFFF, e.vr))
		}
		s.keep(e.tag, value) // if it is truncated, over reports that
	}
	return s.over(e, 0)
}

// over goes over an element's value.
func (s *scanner) over(e element, depth int) error {
	if e.length != undefined {
		return s.skip(int64(e.length))
	}
	if e.tag>>16 == itemGroup {
		return fileError(Malformed, s.at, "it has an item outside of a sequence before byte %d", s.at)
	}
	if depth == maxDepth {
		return fileError(Malformed, s.at, "its sequences are nested more than %d deep", maxDepth)
	}
	switch e.vr {
	case "SQ", "":
		return s.sequence(depth + 1)
	case "UN": // implicit VR little endian inside: PS3.5 section 6.2.2, note
		order, explicit := s.order, s.explicit
		s.order, s.explicit = binary.LittleEndian, false
		err := s.sequence(depth + 1)
		s.order, s.explicit = order, explicit
		return err
	case "OB", "OW": // an icon's pixel data, for one
		_, err := s.fragments()
		return err
	}
	return fileError(Malformed, s.at, "its element (%04X,%04X) has an undefined length, which %s may not have", e.tag>>16, e.tag&0xFFFF, e.vr)
}

// inside is next for a position at which the file must not end.
func (s *scanner) inside() (element, error) {
	e, err := s.next()
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return e, err
}
