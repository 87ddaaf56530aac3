package part10

import (
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Instance is what Scan found in a file.
type Instance struct {
	Meta
	// StudyUID and SeriesUID are (0020,000D) and (0020,000E), "" if the data set has none, as
	// with objects that belong to no patient, or none that can be queried.
	StudyUID, SeriesUID string
	// Frames is Number of Frames (0028,0008), or 1 for pixel data without it,
	// 0 without pixel data.
	Frames int
	// PixelOffset and PixelLength are where the pixel data's value begins, and its bytes:
	// with padding, and in encapsulated pixel data (PS3.5 section A.4) the sum of the
	// fragments. The offset counts from the file's start; it is 0 without pixel data and in
	// deflated data sets.
	PixelOffset, PixelLength int64
	// Trailing is how many zero bytes follow the data set, which don't belong to it.
	Trailing int64
	// Remark describes what does not comply with the standard and, as with DCMTK's
	// storescu, does not prevent the file from being sent; "" if nothing.
	Remark string
}

// Scan reads a whole file, from its start, by the heads of its elements: a Part 10 file, or
// a data set without File Meta Information. It determines whether the file is complete, and
// which instance it is; if the File Meta Information differs from the data set, the data
// set counts, as with DCMTK. Values are skipped, by seeking where r can, and nothing is
// held in memory; sequences of a given length are skipped whole. Deflated data sets are
// inflated on the way. Errors are a *FileError or the reader's; what is known so far is
// also returned.
func Scan(r io.Reader) (Instance, error) {
	c := newCursor(r, 0)
	meta, n, err := readHead(c)
	if err != nil {
		return Instance{}, err
	}
	s := scanner{cursor: c, notes: n, found: Instance{Meta: meta}, order: binary.LittleEndian, explicit: meta.TransferSyntax != ImplicitVRLittleEndian}
	switch {
	case !readable(meta.TransferSyntax):
		return s.found, fileError(Unreadable, meta.DataOffset,
			"its transfer syntax %s can't be checked", meta.TransferSyntax)
	case meta.TransferSyntax == ExplicitVRBigEndian:
		s.order = binary.BigEndian
	case meta.TransferSyntax == Deflated:
		s.cursor = newCursor(flate.NewReader(c.buf), meta.DataOffset)
	}
	if err := s.dataSet(); err != nil {
		return s.found, s.explain(err)
	}
	if meta.TransferSyntax == Deflated {
		s.found.PixelOffset, s.found.Trailing = 0, 0
	}
	return s.found, s.conclude()
}

// explain turns the end of the file into a fault of the file.
func (s *scanner) explain(err error) error {
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fileError(Truncated, s.at, "it is truncated: it ends within an element that begins before byte %d", s.at)
	case errors.As(err, &corrupt):
		return fileError(Malformed, s.found.DataOffset+int64(corrupt), "its deflated data set can't be inflated")
	}
	return err
}

// conclude determines the instance's identity, and records what is missing.
func (s *scanner) conclude() error {
	if s.found.PixelLength > 0 && s.found.Frames == 0 {
		s.found.Frames = 1
	}
	for _, uid := range []struct {
		name string
		own  string
		meta *string
	}{
		{"SOP Class UID (0008,0016)", s.own[tagSOPClassUID], &s.found.SOPClass},
		{"SOP Instance UID (0008,0018)", s.own[tagSOPUID], &s.found.SOPInstance},
	} {
		if uid.own == "" {
			return fileError(Malformed, s.found.DataOffset, "its data set has no %s%s", uid.name, insertHint(uid.name, *uid.meta))
		}
		if err := sendableUID(uid.own); err != nil {
			return fileError(Malformed, s.found.DataOffset, "its %s can't be sent: %v; \"dcmodify -gin FILE\" gives it a new instance UID", uid.name, err)
		}
		if CheckUID(uid.own) != nil {
			s.notes.add(fmt.Sprintf("its %s %q is not a valid UID", uid.name, uid.own))
		}
		if *uid.meta != "" && *uid.meta != uid.own {
			s.notes.add(fmt.Sprintf("its data set has the %s %s, but its File Meta Information has %s", uid.name, uid.own, *uid.meta))
		}
		*uid.meta = uid.own
	}
	if s.found.SOPClass == mediaStorageDirectory {
		return fileError(Directory, s.found.DataOffset, "it is a DICOMDIR, an index of other files and not an image")
	}
	s.noteMissing()
	if s.found.Trailing > 0 {
		s.notes.add("the zero bytes after its data set are not sent")
	}
	s.found.Remark = s.notes.String()
	if size := s.at - s.found.DataOffset - s.found.Trailing; size%2 == 1 && s.found.TransferSyntax != Deflated {
		return fileError(OddLength, s.at, "its data set has an odd number of bytes, which can't be sent: \"dcmconv FILE NEW-FILE\" converts it to even lengths")
	}
	return nil
}

// noteMissing notes UIDs without which Orthanc stores nothing.
func (s *scanner) noteMissing() {
	for _, uid := range []struct {
		name  string
		tag   uint32
		field *string
	}{
		{"Study Instance UID (0020,000D)", tagStudyUID, &s.found.StudyUID},
		{"Series Instance UID (0020,000E)", tagSeriesUID, &s.found.SeriesUID},
	} {
		own, there := s.own[uid.tag]
		switch {
		case there && own != "" && CheckUID(own) != nil:
			s.notes.add(fmt.Sprintf("its %s %q is not a valid UID", uid.name, Printable([]byte(own), maxUID)))
		case own == "":
			s.notes.add("its data set has no " + uid.name + ", without which Orthanc does not store it")
		default:
			*uid.field = own
		}
	}
}

// insertHint is the command that adds the UID of the File Meta Information.
func insertHint(name, uid string) string {
	if CheckUID(uid) != nil {
		return ""
	}
	tag := name[strings.Index(name, "("):]
	return fmt.Sprintf(": \"dcmodify -i '%s=%s' FILE\" adds it", tag, uid)
}

// keep records the value of an element of the data set's top level. If an element occurs
// twice, the first counts, as with DCMTK.
func (s *scanner) keep(tag uint32, value []byte) {
	if _, again := s.own[tag]; again {
		return
	}
	text := TrimUID(value)
	if tag == tagFrames {
		if frames, err := strconv.Atoi(strings.TrimSpace(text)); err == nil && frames >= 0 {
			s.found.Frames = frames
		} else {
			s.notes.add(fmt.Sprintf("its Number of Frames (0028,0008) is %q", Printable(value, maxUID)))
		}
		text = ""
	}
	if s.own == nil {
		s.own = map[uint32]string{}
	}
	s.own[tag] = text
}
