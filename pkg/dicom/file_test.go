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
)

var someTime = time.Date(2024, 2, 29, 13, 14, 15, 0, time.UTC)

func someFile() TestInstance { return NewTestStudy([32]byte{1, 2, 3}, someTime, 1)[0] }

// inSyntax is a file in a transfer syntax with the given data set, which belongs
// to someInstance.
func inSyntax(syntax string, data []byte) []byte {
	return append(fileMeta(someInstance.SOPClass, someInstance.SOPInstance, syntax), data...)
}

// identity is the part of an explicit little endian data set that has to be
// there.
func identity() elements {
	var b elements
	b.text(tagSOPClassUID, "UI", someInstance.SOPClass)
	b.text(tagSOPUID, "UI", someInstance.SOPInstance)
	return b
}

const identityImplicit = "0800 1600 1a000000 '1.2.840.10008.5.1.4.1.1.7' 00  0800 1800 06000000 '2.25.1'"

func TestReadMeta(t *testing.T) {
	whole := someFile()
	change := func(from, to string) []byte {
		return []byte(strings.Replace(string(whole.File), from, to, 1))
	}
	directory := fileMeta(mediaStorageDirectory, "2.25.1", ExplicitVRLittleEndian)
	for _, c := range []struct {
		about string
		file  []byte
		fault FileFault
		want  string
	}{
		{"whole", whole.File, "", ""},
		{"empty", nil, NotPart10, "not a DICOM Part 10 file"},
		{"text", bytes.Repeat([]byte("text "), 100), NotPart10, "no preamble"},
		{"a data set alone", whole.File[whole.DataOffset:], NotPart10, "no preamble"},
		{"DICOMDIR", directory, Directory, "DICOMDIR"},
		{"cut after DICM", whole.File[:132], Truncated, "ends within"},
		{"cut within", whole.File[:200], Truncated, "ends within"},
		{"no group length", change("DICM\x02\x00\x00\x00", "DICM\x02\x00\x01\x00"), Malformed, "group length"},
		{"a huge group length", append(whole.File[:140:140], 0xff, 0xff, 0xff, 0xff), Malformed, "4294967295 bytes"},
		{"a wrong group length", append(whole.File[:140:140], append([]byte{10, 0, 0, 0}, whole.File[144:]...)...), Malformed, "not what its group length says"},
		{"no UID", change(whole.SOPInstance[:9], "x"+whole.SOPInstance[1:9]), Malformed, "is no UID"},
		{"no SOP class", change("\x02\x00\x02\x00UI", "\x02\x00\x04\x00UI"), Malformed, "no Media Storage SOP Class UID (0002,0002)"},
		{"no transfer syntax", change("\x02\x00\x10\x00UI", "\x02\x00\x11\x00UI"), Malformed, "no Transfer Syntax UID (0002,0010)"},
	} {
		t.Run(c.about, func(t *testing.T) {
			got, err := ReadMeta(iotest.OneByteReader(bytes.NewReader(c.file)))
			faulty(t, err, c.fault, c.want)
			if err == nil && got != whole.Meta {
				t.Errorf("%+v instead of %+v", got, whole.Meta)
			}
		})
	}
	r := bytes.NewReader(whole.File)
	if _, err := ReadMeta(r); err != nil || int64(len(whole.File)-r.Len()) != whole.DataOffset {
		t.Errorf("%d bytes are left: %v", r.Len(), err)
	}
	if _, err := ReadMeta(failing{os.ErrPermission}); !errors.Is(err, os.ErrPermission) {
		t.Errorf("a reader that fails: %v", err)
	}
}

func faulty(t *testing.T, err error, fault FileFault, want string) {
	t.Helper()
	holds(t, err, want)
	if e, ok := isError[*FileError](err); ok != (fault != "") || ok && e.Fault != fault {
		t.Errorf("the fault is %v instead of %s", err, fault)
	}
}

func TestNewTestStudy(t *testing.T) {
	study := NewTestStudy([32]byte{1}, someTime, 3)
	seen := map[string]bool{}
	for _, instance := range study {
		found, err := Scan(bytes.NewReader(instance.File))
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
		if !bytes.Contains(instance.File, []byte(instance.PatientID)) || !strings.HasPrefix(instance.PatientID, TestPatientIDPrefix) {
			t.Errorf("the patient is %s", instance.PatientID)
		}
	}
	if !bytes.Equal(study[2].File, NewTestStudy([32]byte{1}, someTime, 3)[2].File) {
		t.Error("the same seed gives other bytes")
	}
	if NewTestStudy([32]byte{2}, someTime, 1)[0].StudyUID == study[0].StudyUID {
		t.Error("another seed gives the same study")
	}
}
