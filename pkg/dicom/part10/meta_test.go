package part10

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"strings"
	"testing"
	"testing/iotest"
)

func TestReadMeta(t *testing.T) {
	whole := someFile()
	change := func(from, to string) []byte {
		return []byte(strings.Replace(string(whole.File), from, to, 1))
	}
	group := func(length uint32) []byte {
		return append(binary.LittleEndian.AppendUint32(bytes.Clone(whole.File[:140]), length), whole.File[144:]...)
	}
	directory := fileMeta(mediaStorageDirectory, "2.25.1", ExplicitVRLittleEndian)
	none := Meta{TransferSyntax: ExplicitVRLittleEndian}
	moved := func(by int64) Meta { m := whole.Meta; m.DataOffset += by; return m }
	without := func(change func(*Meta)) Meta { m := whole.Meta; change(&m); return m }
	for _, c := range []struct {
		about string
		file  []byte
		fault FileFault
		want  string
		meta  Meta
	}{
		{"whole", whole.File, "", "", whole.Meta},
		{"empty", nil, NotDICOM, "it is empty", none},
		{"text", bytes.Repeat([]byte("text "), 100), NotDICOM, "it is not DICOM", none},
		{"a program", append([]byte("MZ\x90\x00\x03\x00\x00\x00"), make([]byte, 300)...), NotDICOM, "it is not DICOM", none},
		{"zero bytes", make([]byte, 300), NotDICOM, "it is not DICOM", none},
		{"a data set alone", whole.File[whole.DataOffset:], "", "", none},
		{"no File Meta Information after the preamble", append(bytes.Clone(whole.File[:132]), whole.File[whole.DataOffset:]...), "", "", Meta{TransferSyntax: ExplicitVRLittleEndian, DataOffset: 132}},
		{"no preamble", whole.File[132:], "", "", moved(-132)},
		{"half a preamble", whole.File[128:], Malformed, "preamble before its File Meta Information is damaged", none},
		{"no DICM", append(make([]byte, 128), whole.File[132:]...), Malformed, "preamble before its File Meta Information is damaged", none},
		{"DICOMDIR", directory, Directory, "DICOMDIR", none},
		{"cut after DICM", whole.File[:132], Truncated, "ends within", none},
		{"cut within", whole.File[:200], Truncated, "ends within", none},
		{"no group length", append(bytes.Clone(whole.File[:132]), whole.File[144:]...), "", "", moved(-12)},
		{"a huge group length", group(1 << 31), "", "", whole.Meta},
		{"a short group length", group(10), "", "", whole.Meta},
		{"a huge element", change("\x02\x00\x01\x00OB\x00\x00\x02\x00\x00\x00", "\x02\x00\x01\x00OB\x00\x00\x02\x00\x00\x70"), Malformed, "claims 1879048194 bytes", none},
		{"no VR", change("\x02\x00\x02\x00UI", "\x02\x00\x02\x00\x01\x02"), Malformed, "can't be read at byte", none},
		{"no SOP class", change("\x02\x00\x02\x00UI", "\x02\x00\x04\x00UI"), "", "", without(func(m *Meta) { m.SOPClass = "" })},
		{"no transfer syntax", change("\x02\x00\x10\x00UI", "\x02\x00\x11\x00UI"), "", "", whole.Meta},
		{"no transfer syntax, and nothing that shows it", append(fileMeta("1.2", "1.3", ""), "text text text"...), Malformed, "doesn't show how it is encoded", none},
	} {
		t.Run(c.about, func(t *testing.T) {
			got, err := ReadMeta(iotest.OneByteReader(bytes.NewReader(c.file)))
			faulty(t, err, c.fault, c.want)
			if err == nil && got != c.meta {
				t.Errorf("%+v instead of %+v", got, c.meta)
			}
		})
	}
	if _, err := ReadMeta(iotest.ErrReader(os.ErrPermission)); !errors.Is(err, os.ErrPermission) {
		t.Errorf("a reader that fails: %v", err)
	}
}
