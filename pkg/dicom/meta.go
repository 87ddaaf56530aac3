package dicom

import (
	"errors"
	"io"
)

// Meta is what the File Meta Information says of an instance (PS3.10 section
// 7.1).
type Meta struct {
	// SOPClass and SOPInstance are the Media Storage UIDs (0002,0002) and
	// (0002,0003); TransferSyntax is (0002,0010).
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

// ReadMeta reads the head of a Part 10 file and nothing beyond it: r stands at
// the data set afterwards. Errors are a *FileError or the reader's.
func ReadMeta(r io.Reader) (Meta, error) {
	var head [metaStart + 12]byte
	n, err := io.ReadFull(r, head[:])
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return Meta{}, err
	}
	if n < metaStart || string(head[preamble:metaStart]) != "DICM" {
		return Meta{}, fileError(NotPart10, 0, "it is not a DICOM Part 10 file: it has no preamble with \"DICM\"")
	}
	if n < len(head) {
		return Meta{}, fileError(Truncated, int64(n), "it ends within its File Meta Information")
	}
	length, err := metaLength(head[metaStart:])
	if err != nil {
		return Meta{}, err
	}
	group := make([]byte, length)
	if n, err := io.ReadFull(r, group); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = fileError(Truncated, int64(len(head)+n), "it ends within its File Meta Information")
		}
		return Meta{}, err
	}
	return parseMeta(group)
}

// metaLength reads (0002,0000), which comes first.
func metaLength(element []byte) (uint32, error) {
	if string(element[:8]) != "\x02\x00\x00\x00UL\x04\x00" {
		return 0, fileError(Malformed, metaStart, "its File Meta Information doesn't begin with the group length (0002,0000)")
	}
	length := little.Uint32(element[8:])
	if length > maxMeta {
		return 0, fileError(Malformed, metaStart, "its File Meta Information claims %d bytes: at most %d are believed", length, maxMeta)
	}
	return length, nil
}

// parseMeta reads the rest of the group: explicit VR little endian.
func parseMeta(group []byte) (Meta, error) {
	const start = metaStart + 12
	m := Meta{DataOffset: start + int64(len(group))}
	fields := map[uint32]*string{0x00020002: &m.SOPClass, 0x00020003: &m.SOPInstance, 0x00020010: &m.TransferSyntax}
	for b := group; len(b) > 0; {
		at := start + int64(len(group)-len(b))
		e, size, ok := parseElement(b, little, true)
		if !ok || e.tag>>16 != 2 || int64(e.length) > int64(len(b)-size) {
			return Meta{}, fileError(Malformed, at, "its File Meta Information is not what its group length says")
		}
		value := b[size : size+int(e.length)]
		b = b[size+len(value):]
		if field := fields[e.tag]; field != nil {
			*field = trimUID(value)
			if err := checkUID(*field); err != nil {
				return Meta{}, fileError(Malformed, at, "in its File Meta Information, %v", err)
			}
		}
	}
	if m.SOPClass == mediaStorageDirectory {
		return Meta{}, fileError(Directory, start, "it is a DICOMDIR, which lists instances and can't be stored itself")
	}
	for _, f := range []struct{ value, name string }{
		{m.SOPClass, "Media Storage SOP Class UID (0002,0002)"},
		{m.SOPInstance, "Media Storage SOP Instance UID (0002,0003)"},
		{m.TransferSyntax, "Transfer Syntax UID (0002,0010)"},
	} {
		if f.value == "" {
			return Meta{}, fileError(Malformed, start, "its File Meta Information has no %s", f.name)
		}
	}
	return m, nil
}
