// Package part10 reads and writes DICOM files (PS3.10): their File Meta Information, and the
// part of the data set that identifies an instance.
package part10

import (
	"bytes"
	"encoding/binary"
	"io"
)

// Meta is the information that is needed to send an instance. The data set's own values take
// precedence over those of the File Meta Information (PS3.10 section 7.1).
type Meta struct {
	// SOPClass and SOPInstance are (0008,0016) and (0008,0018), or after ReadMeta
	// the Media Storage UIDs (0002,0002) and (0002,0003); TransferSyntax is
	// (0002,0010), or what the first element of the data set shows.
	SOPClass, SOPInstance, TransferSyntax string
	// DataOffset is where the data set begins, in bytes from the file's start.
	DataOffset int64
}

const (
	preamble  = 128
	metaStart = preamble + 4 // "DICM"
	// maxMeta bounds the File Meta Information; some hundred bytes are usual,
	// Private Information (0002,0102) may add some.
	maxMeta = 1 << 20
)

// ReadMeta reads the part before the data set, and may read beyond it. UIDs are empty if the
// File Meta Information has none. Errors are a *FileError or the reader's.
func ReadMeta(r io.Reader) (Meta, error) {
	m, _, err := readHead(newCursor(r, 0))
	return m, err
}

// readHead reads up to the data set as DCMTK does: with or without a preamble, File Meta
// Information and its group length (0002,0000), which is ignored if it is wrong. It records
// what does not comply with the standard.
func readHead(c *cursor) (m Meta, n notes, err error) {
	if err := c.findStart(&n); err != nil {
		return Meta{}, nil, err
	}
	m, err = c.readGroup(&n)
	if err != nil {
		return Meta{}, nil, err
	}
	if m.SOPClass == mediaStorageDirectory {
		return Meta{}, nil, fileError(Directory, metaStart, "it is a DICOMDIR, an index of other files and not an image")
	}
	m.DataOffset = c.at
	if m.TransferSyntax != "" {
		return m, n, nil
	}
	head, err := c.peek(shortestHead)
	if err != nil {
		return Meta{}, nil, err
	}
	m.TransferSyntax = guessSyntax(head)
	if m.TransferSyntax == "" {
		return Meta{}, nil, fileError(Malformed, c.at, "it has no Transfer Syntax UID (0002,0010), and its data set doesn't show how it is encoded")
	}
	n.add("it has no transfer syntax and was read as " + TransferSyntaxName(m.TransferSyntax))
	return m, n, nil
}

// findStart skips the preamble, if there is one, and fails for files that can't be DICOM.
func (c *cursor) findStart(n *notes) error {
	head, err := c.peek(metaStart + shortestHead)
	switch {
	case err != nil:
		return err
	case len(head) == 0:
		return fileError(NotDICOM, 0, "it is empty")
	case len(head) >= metaStart && string(head[preamble:metaStart]) == "DICM":
		return c.skip(metaStart)
	case isMeta(head) || guessSyntax(head) != "":
		n.add(`it has no preamble with "DICM"`)
		return nil
	case bytes.HasPrefix(head, []byte("DICM")) || len(head) > preamble && isMeta(head[preamble:]):
		return fileError(Malformed, 0, "the preamble before its File Meta Information is damaged")
	}
	return fileError(NotDICOM, 0, `it is not DICOM: it has neither a preamble with "DICM" nor the beginning of a data set`)
}

// isMeta reports whether File Meta Information begins here.
func isMeta(head []byte) bool {
	e, _, ok := parseElement(head, binary.LittleEndian, true)
	return ok && e.tag>>16 == 2 && e.vr != ""
}

// guessSyntax determines from the first element how a data set without a transfer syntax is
// encoded; "" if it can't be the beginning of a data set. DCMTK checks the same bytes
// (DcmItem::checkTransferSyntax), and accepts more.
func guessSyntax(head []byte) string {
	const longest = 1 << 10 // of a first value: it is short in every data set
	if e, _, ok := parseElement(head, binary.LittleEndian, false); ok && e.tag>>16 == 8 {
		if upper(head[4]) && upper(head[5]) {
			return ExplicitVRLittleEndian
		}
		if e.length <= longest {
			return ImplicitVRLittleEndian
		}
	}
	if e, _, ok := parseElement(head, binary.BigEndian, false); ok && e.tag>>16 == 8 && upper(head[4]) && upper(head[5]) {
		return ExplicitVRBigEndian
	}
	return ""
}

// readGroup reads the elements of group 0002: explicit VR little endian. The group
// ends where another begins.
func (c *cursor) readGroup(n *notes) (m Meta, err error) {
	fields := map[uint32]*string{0x00020002: &m.SOPClass, 0x00020003: &m.SOPInstance, 0x00020010: &m.TransferSyntax}
	start, announced := c.at, int64(-1)
	for first := true; ; first = false {
		tag, value, err := c.metaElement()
		if err != nil {
			return Meta{}, err
		}
		if tag == 0 {
			break
		}
		if first && tag == 0x00020000 && len(value) == 4 {
			announced = c.at + int64(binary.LittleEndian.Uint32(value))
		}
		if field := fields[tag]; field != nil { // the data set's values count, not these
			*field = PrintableUID(value)
		}
	}
	switch {
	case c.at == start:
		n.add("it has no File Meta Information")
	case announced < 0:
		n.add("its File Meta Information has no group length (0002,0000)")
	case announced != c.at:
		n.add("the group length (0002,0000) of its File Meta Information is wrong")
	}
	return m, nil
}

// metaElement reads one element of the File Meta Information; the tag is 0 where
// the next is of another group.
func (c *cursor) metaElement() (tag uint32, value []byte, err error) {
	ends := func() error { return fileError(Truncated, c.at, "it ends within its File Meta Information") }
	head, err := c.peek(longestHead)
	switch {
	case err != nil:
		return 0, nil, err
	case len(head) == 0 && c.at == metaStart:
		return 0, nil, ends()
	case len(head) < 2 || binary.LittleEndian.Uint16(head) != 2:
		return 0, nil, nil
	}
	e, size, ok := parseElement(head, binary.LittleEndian, true)
	switch {
	case !ok && len(head) < longestHead:
		return 0, nil, ends()
	case !ok:
		return 0, nil, fileError(Malformed, c.at, "its File Meta Information can't be read at byte %d", c.at)
	case e.length > maxMeta || c.at > 2*maxMeta:
		return 0, nil, fileError(Malformed, c.at, "its File Meta Information claims %d bytes: at most %d are accepted", e.length, maxMeta)
	}
	if err := c.skip(int64(size)); err != nil {
		return 0, nil, err
	}
	if e.length <= 2*maxUID {
		value, err = c.peek(int(e.length))
		if err != nil {
			return 0, nil, err
		}
		value = bytes.Clone(value)
	}
	if err := c.skip(int64(e.length)); err == io.ErrUnexpectedEOF {
		return 0, nil, ends()
	} else if err != nil {
		return 0, nil, err
	}
	return e.tag, value, nil
}
