package part10

import (
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"time"
)

// TestPatientName and TestPatientIDPrefix mark test studies, so that they can be
// found and deleted. No person has that name.
const (
	TestPatientName     = "ORTHWEB^VALIDATION"
	TestPatientIDPrefix = "ORTHWEB-TEST-"
)

// TestInstance is one image of a test study.
type TestInstance struct {
	Instance
	// PatientID begins with TestPatientIDPrefix.
	PatientID string
	// PixelSHA256 is that of the pixel data's value.
	PixelSHA256 [sha256.Size]byte
	// File is the whole Part 10 file; the data set is File[DataOffset:].
	File []byte
}

// Pixels are the pixel data's value.
func (i TestInstance) Pixels() []byte {
	return i.File[i.PixelOffset : i.PixelOffset+i.PixelLength]
}

// The edges of an image and of its tiles, in pixels.
const (
	testEdge = 64
	tileEdge = 8
)

// NewTestStudy creates a study of one series of images of tiles in random greys: Secondary
// Capture Images (PS3.3 section A.8.1) of 64 by 64 pixels of 8 bits, in Explicit VR Little
// Endian, of about 5 KiB. All type 1 and 2 attributes are present, and no data of a person.
// The same seed and time give the same bytes; each study needs a new random seed, since the
// UIDs are derived from it. Dates and times are now's, in its zone.
func NewTestStudy(seed [32]byte, now time.Time, instances int) []TestInstance {
	random := rand.NewChaCha8(seed)
	study := testStudy{now: now, studyUID: newUID(random), seriesUID: newUID(random),
		patientID: fmt.Sprintf("%s%016X", TestPatientIDPrefix, random.Uint64())}
	made := make([]TestInstance, instances)
	for i := range made {
		made[i] = study.instance(random, i+1)
	}
	return made
}

type testStudy struct {
	now                            time.Time
	studyUID, seriesUID, patientID string
}

func (s testStudy) instance(random io.Reader, number int) TestInstance {
	uid := newUID(random)
	pixels := make([]byte, testEdge*testEdge)
	_, _ = io.ReadFull(random, pixels) // ChaCha8 doesn't fail
	smooth(pixels)
	data := s.dataSet(uid, number, pixels)
	file := fileMeta(SecondaryCaptureStorage, uid, ExplicitVRLittleEndian)
	made := TestInstance{
		Instance: Instance{
			Meta: Meta{SOPClass: SecondaryCaptureStorage, SOPInstance: uid,
				TransferSyntax: ExplicitVRLittleEndian, DataOffset: int64(len(file))},
			StudyUID: s.studyUID, SeriesUID: s.seriesUID, Frames: 1,
			PixelOffset: int64(len(file) + len(data) - len(pixels)), PixelLength: int64(len(pixels)),
		},
		PatientID: s.patientID, PixelSHA256: sha256.Sum256(pixels),
	}
	made.File = append(file, data...)
	return made
}

// smooth makes tiles of noise: a tile has the grey of its first pixel, and noise of 4 bits.
// Codecs compress that as they do images of patients. They make noise of 8 bits longer, and Orthanc
// 1.10.1 can't decode the JPEG-LS that it then writes.
func smooth(pixels []byte) {
	for i := range pixels {
		x, y := i%testEdge, i/testEdge
		first := pixels[y/tileEdge*tileEdge*testEdge+x/tileEdge*tileEdge]
		pixels[i] = first&0xF0 | pixels[i]&0x0F
	}
}

// dataSet has the modules of PS3.3 table A.8-1, in the order of the tags. The
// pixel data comes last.
func (s testStudy) dataSet(uid string, number int, pixels []byte) []byte {
	day, hour := s.now.Format("20060102"), s.now.Format("150405")
	var b elements
	b.text(0x00080005, "CS", "ISO_IR 100")
	b.text(0x00080008, "CS", `DERIVED\SECONDARY`)
	b.text(0x00080012, "DA", day)
	b.text(0x00080013, "TM", hour)
	b.text(tagSOPClassUID, "UI", SecondaryCaptureStorage)
	b.text(tagSOPUID, "UI", uid)
	b.text(0x00080020, "DA", day)
	b.text(0x00080023, "DA", day)
	b.text(0x00080030, "TM", hour)
	b.text(0x00080033, "TM", hour)
	b.text(0x00080050, "SH", "")
	b.text(0x00080060, "CS", "OT")
	b.text(0x00080064, "CS", "SYN")
	b.text(0x00080070, "LO", ImplementationVersionName)
	b.text(0x00080090, "PN", "")
	b.text(0x00080201, "SH", s.now.Format("-0700"))
	b.text(0x00081030, "LO", "ORTHWEB VALIDATION TEST")
	b.text(0x0008103E, "LO", "SYNTHETIC NOISE, NO PATIENT")
	b.text(0x00100010, "PN", TestPatientName)
	b.text(0x00100020, "LO", s.patientID)
	b.text(0x00100030, "DA", "")
	b.text(0x00100040, "CS", "")
	b.text(tagStudyUID, "UI", s.studyUID)
	b.text(tagSeriesUID, "UI", s.seriesUID)
	b.text(0x00200010, "SH", "ORTHWEB-TEST")
	b.text(0x00200011, "IS", "1")
	b.text(0x00200013, "IS", strconv.Itoa(number))
	b.text(0x00200020, "CS", "")
	b.text(0x00200062, "CS", "U") // no paired body part, so that Laterality isn't wanted
	b.text(0x00204000, "LT", "Test image made by kubectl orthweb validate. It shows no person and may be deleted.")
	b.number(0x00280002, 1)
	b.text(0x00280004, "CS", "MONOCHROME2")
	for _, field := range [...]struct {
		tag   uint32
		value uint16
	}{{0x00280010, testEdge}, {0x00280011, testEdge}, {0x00280100, 8}, {0x00280101, 8}, {0x00280102, 7}, {0x00280103, 0}} {
		b.number(field.tag, field.value)
	}
	b.text(0x00280301, "CS", "NO") // burned in annotation
	b.text(0x00282110, "CS", "00") // lossy image compression
	b.long(tagPixelData, "OB", pixels)
	return b
}
