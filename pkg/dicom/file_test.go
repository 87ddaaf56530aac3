package dicom

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
)

var someTime = time.Date(2024, 2, 29, 13, 14, 15, 0, time.UTC)

func SomeFile() part10.TestInstance { return part10.NewTestStudy([32]byte{1, 2, 3}, someTime, 1)[0] }

// InSyntax is a file in a transfer syntax with the given data set, which belongs
// to SomeInstance.
func InSyntax(syntax string, data []byte) []byte {
	return append(part10.FileMeta(SomeInstance.SOPClass, SomeInstance.SOPInstance, syntax), data...)
}

// Identity is the part of an explicit little endian data set that has to be
// there.
func Identity() part10.Elements {
	var b part10.Elements
	b.Text(part10.TagSOPClassUID, "UI", SomeInstance.SOPClass)
	b.Text(part10.TagSOPUID, "UI", SomeInstance.SOPInstance)
	return b
}

const IdentityImplicit = "0800 1600 1a000000 '1.2.840.10008.5.1.4.1.1.7' 00  0800 1800 06000000 '2.25.1'"

func TestReadMeta(t *testing.T) {
	whole := SomeFile()
	change := func(from, to string) []byte {
		return []byte(strings.Replace(string(whole.File), from, to, 1))
	}
	group := func(length uint32) []byte {
		return append(part10.Little.AppendUint32(bytes.Clone(whole.File[:140]), length), whole.File[144:]...)
	}
	directory := part10.FileMeta(part10.MediaStorageDirectory, "2.25.1", part10.ExplicitVRLittleEndian)
	none := part10.Meta{TransferSyntax: part10.ExplicitVRLittleEndian}
	moved := func(by int64) part10.Meta { m := whole.Meta; m.DataOffset += by; return m }
	without := func(change func(*part10.Meta)) part10.Meta { m := whole.Meta; change(&m); return m }
	for _, c := range []struct {
		about string
		file  []byte
		fault part10.FileFault
		want  string
		meta  part10.Meta
	}{
		{"whole", whole.File, "", "", whole.Meta},
		{"empty", nil, part10.NotDICOM, "it is empty", none},
		{"text", bytes.Repeat([]byte("text "), 100), part10.NotDICOM, "it is not DICOM", none},
		{"a program", append([]byte("MZ\x90\x00\x03\x00\x00\x00"), make([]byte, 300)...), part10.NotDICOM, "it is not DICOM", none},
		{"zero bytes", make([]byte, 300), part10.NotDICOM, "it is not DICOM", none},
		{"a data set alone", whole.File[whole.DataOffset:], "", "", none},
		{"no File Meta Information after the preamble", append(bytes.Clone(whole.File[:132]), whole.File[whole.DataOffset:]...), "", "", part10.Meta{TransferSyntax: part10.ExplicitVRLittleEndian, DataOffset: 132}},
		{"no preamble", whole.File[132:], "", "", moved(-132)},
		{"half a preamble", whole.File[128:], part10.Malformed, "preamble before its File Meta Information is damaged", none},
		{"no DICM", append(make([]byte, 128), whole.File[132:]...), part10.Malformed, "preamble before its File Meta Information is damaged", none},
		{"DICOMDIR", directory, part10.Directory, "DICOMDIR", none},
		{"cut after DICM", whole.File[:132], part10.Truncated, "ends within", none},
		{"cut within", whole.File[:200], part10.Truncated, "ends within", none},
		{"no group length", append(bytes.Clone(whole.File[:132]), whole.File[144:]...), "", "", moved(-12)},
		{"a huge group length", group(1 << 31), "", "", whole.Meta},
		{"a short group length", group(10), "", "", whole.Meta},
		{"a huge element", change("\x02\x00\x01\x00OB\x00\x00\x02\x00\x00\x00", "\x02\x00\x01\x00OB\x00\x00\x02\x00\x00\x70"), part10.Malformed, "claims 1879048194 bytes", none},
		{"no VR", change("\x02\x00\x02\x00UI", "\x02\x00\x02\x00\x01\x02"), part10.Malformed, "can't be read at byte", none},
		{"no SOP class", change("\x02\x00\x02\x00UI", "\x02\x00\x04\x00UI"), "", "", without(func(m *part10.Meta) { m.SOPClass = "" })},
		{"no transfer syntax", change("\x02\x00\x10\x00UI", "\x02\x00\x11\x00UI"), "", "", whole.Meta},
		{"no transfer syntax, and nothing that shows it", append(part10.FileMeta("1.2", "1.3", ""), "text text text"...), part10.Malformed, "doesn't show how it is encoded", none},
	} {
		t.Run(c.about, func(t *testing.T) {
			got, err := part10.ReadMeta(iotest.OneByteReader(bytes.NewReader(c.file)))
			Faulty(t, err, c.fault, c.want)
			if err == nil && got != c.meta {
				t.Errorf("%+v instead of %+v", got, c.meta)
			}
		})
	}
	if _, err := part10.ReadMeta(failing{os.ErrPermission}); !errors.Is(err, os.ErrPermission) {
		t.Errorf("a reader that fails: %v", err)
	}
}

func Faulty(t *testing.T, err error, fault part10.FileFault, want string) {
	t.Helper()
	holds(t, err, want)
	if e, ok := isError[*part10.FileError](err); ok != (fault != "") || ok && e.Fault != fault {
		t.Errorf("the fault is %v instead of %s", err, fault)
	}
}

func TestNewTestStudy(t *testing.T) {
	study := part10.NewTestStudy([32]byte{1}, someTime, 3)
	seen := map[string]bool{}
	for _, instance := range study {
		found, err := part10.Scan(bytes.NewReader(instance.File))
		if err != nil {
			t.Fatal(err)
		}
		if found != instance.Instance {
			t.Errorf("found %+v instead of %+v", found, instance.Instance)
		}
		pixels := instance.File[found.PixelOffset:][:found.PixelLength]
		if sha256.Sum256(pixels) != instance.PixelSHA256 || seen[string(pixels)] || seen[found.SOPInstance] {
			t.Error("the pixels or the UID are not the instance's own")
		}
		seen[string(pixels)], seen[found.SOPInstance] = true, true
		if found.StudyUID != study[0].StudyUID || found.SeriesUID != study[0].SeriesUID || found.StudyUID == found.SeriesUID {
			t.Error("it isn't one study of one series")
		}
		if !bytes.Contains(instance.File, []byte(instance.PatientID)) || !strings.HasPrefix(instance.PatientID, part10.TestPatientIDPrefix) {
			t.Errorf("the patient is %s", instance.PatientID)
		}
	}
	if !bytes.Equal(study[2].File, part10.NewTestStudy([32]byte{1}, someTime, 3)[2].File) {
		t.Error("the same seed gives other bytes")
	}
	if part10.NewTestStudy([32]byte{2}, someTime, 1)[0].StudyUID == study[0].StudyUID {
		t.Error("another seed gives the same study")
	}
}
