package dicom

import (
	"compress/flate"
	"encoding/binary"
	"errors"
	"io"
	"strconv"
	"strings"
)

// Instance is what Scan found in a file.
type Instance struct {
	Meta
	// StudyUID and SeriesUID are (0020,000D) and (0020,000E), "" where the data
	// set has none, as with objects that belong to no patient.
	StudyUID, SeriesUID string
	// Frames is Number of Frames (0028,0008), or 1 for pixel data without it,
	// 0 without pixel data.
	Frames int
	// PixelOffset and PixelLength are where the pixel data's value begins, and
	// its bytes: without padding taken off, and in encapsulated pixel data
	// (PS3.5 section A.4) the sum of the fragments. The offset counts from the
	// file's start; it is 0 without pixel data and in deflated data sets.
	PixelOffset, PixelLength int64
}

// Scan reads a whole Part 10 file, from its start, by the heads of its elements.
// It finds out whether the file is whole, and whether the data set is the
// instance that the File Meta Information speaks of. Values are skipped, by
// seeking where r can, and nothing is held in memory; sequences of a given
// length are skipped whole. Deflated data sets are inflated on the way. Errors
// are a *FileError or the reader's; what is known by then is returned as well.
func Scan(r io.Reader) (Instance, error) {
	meta, err := ReadMeta(r)
	if err != nil {
		return Instance{}, err
	}
	s := scanner{found: Instance{Meta: meta}, order: little, explicit: meta.TransferSyntax != ImplicitVRLittleEndian}
	switch {
	case !readable(meta.TransferSyntax):
		return s.found, fileError(Unreadable, meta.DataOffset,
			"its transfer syntax %s is not one that can be checked here", meta.TransferSyntax)
	case meta.TransferSyntax == explicitVRBigEndian:
		s.order = binary.BigEndian
	case meta.TransferSyntax == deflated:
		r = flate.NewReader(r)
	}
	s.cursor = newCursor(r, meta.DataOffset)
	if err := s.dataSet(); err != nil {
		return s.found, s.explain(err)
	}
	if meta.TransferSyntax == deflated {
		s.found.PixelOffset = 0
	}
	return s.found, s.compare()
}

// explain words the end of the file as the file's fault.
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

// compare holds the data set's own UIDs to the File Meta Information.
func (s *scanner) compare() error {
	if s.found.PixelLength > 0 && s.found.Frames == 0 {
		s.found.Frames = 1
	}
	for _, uid := range []struct{ name, own, meta string }{
		{"SOP Class UID (0008,0016)", s.sopClass, s.found.SOPClass},
		{"SOP Instance UID (0008,0018)", s.sopInstance, s.found.SOPInstance},
	} {
		if uid.own == "" {
			return fileError(Malformed, s.found.DataOffset, "its data set has no %s", uid.name)
		}
		if uid.own != uid.meta {
			return fileError(Mismatched, s.found.DataOffset,
				"its data set has the %s %s, and its File Meta Information %s", uid.name, uid.own, uid.meta)
		}
	}
	return nil
}

// keep notes the value of an element of the data set's top level.
func (s *scanner) keep(tag uint32, value []byte) error {
	text := trimUID(value)
	field := map[uint32]*string{tagSOPClassUID: &s.sopClass, tagSOPUID: &s.sopInstance,
		tagStudyUID: &s.found.StudyUID, tagSeriesUID: &s.found.SeriesUID}[tag]
	if field == nil {
		frames, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || frames < 0 {
			return fileError(Malformed, s.at, "its Number of Frames (0028,0008) is %q", printable(value, maxUID))
		}
		s.found.Frames = frames
		return nil
	}
	if text != "" {
		if err := checkUID(text); err != nil {
			return fileError(Malformed, s.at, "in its data set, %v", err)
		}
	}
	*field = text
	return nil
}
