//go:build peers

package transfer

import (
	"bytes"
	"context"
	"encoding/binary"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/digihunch/kubectl-orthweb/internal/peers"
	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
)

// shortElement is an element with a length of two bytes, explicit VR little endian.
func shortElement(group, number uint16, vr, value string) []byte {
	b := binary.LittleEndian.AppendUint16(nil, group)
	b = append(binary.LittleEndian.AppendUint16(b, number), vr...)
	return append(binary.LittleEndian.AppendUint16(b, uint16(len(value))), value...)
}

// replaced returns b with other instead of an element that has a short length; nil removes it.
func replaced(t *testing.T, b []byte, group, number uint16, vr string, other []byte) []byte {
	t.Helper()
	head := shortElement(group, number, vr, "")[:6]
	at := bytes.Index(b, head)
	if at < 0 {
		t.Fatalf("(%04X,%04X) is not there", group, number)
	}
	end := at + 8 + int(binary.LittleEndian.Uint16(b[at+6:]))
	return bytes.Join([][]byte{b[:at], other, b[end:]}, nil)
}

// before returns b with other before an element.
func before(t *testing.T, b []byte, group, number uint16, vr string, other []byte) []byte {
	t.Helper()
	at := bytes.Index(b, shortElement(group, number, vr, "")[:6])
	if at < 0 {
		t.Fatalf("(%04X,%04X) is not there", group, number)
	}
	return bytes.Join([][]byte{b[:at], other, b[at:]}, nil)
}

// grouped returns a preamble and File Meta Information with a corrected group length.
func grouped(b []byte) []byte {
	b = bytes.Clone(b)
	binary.LittleEndian.PutUint32(b[140:], uint32(len(b)-144))
	return b
}

// groupLength sets the group length to n.
func groupLength(b []byte, n uint32) []byte {
	b = bytes.Clone(b)
	binary.LittleEndian.PutUint32(b[140:], n)
	return b
}

// odd is one kind of file, with its expected results.
type odd struct {
	about string
	// file creates it from the File Meta Information, preamble included, and the data set of a
	// test image.
	file func(t *testing.T, meta, data []byte) []byte
	// storescu and ours report whether storescp stores the file when each of them sends it.
	storescu, ours bool
	// refused means that Orthanc does not store it from any client.
	refused bool
	// reason is a part of this program's message.
	reason string
	// converts is the command that converts it to a file that is stored; IN is the file and OUT
	// the new one. It changes IN if there is no OUT.
	converts string
}

const tooLong = "1.2.840.113619.2.1234567890.1234567890.1234567890.1234567890.1234567890.1\x00"

// join joins parts of a file.
func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// converted is a data set without File Meta Information, in another transfer syntax.
func converted(flag string) func(*testing.T, []byte, []byte) []byte {
	return func(t *testing.T, meta, data []byte) []byte {
		dir := t.TempDir()
		in, out := write(t, join(meta, data), dir, "in"), filepath.Join(dir, "out")
		if a := peers.Ask(t, "dcmconv", "-F", flag, in, out); !a.OK() {
			t.Fatalf("%+v", a)
		}
		file, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		return file
	}
}

// uids replaces the test image's UIDs in the meta information and in the data set.
func uids(instance string) func(*testing.T, []byte, []byte) []byte {
	return func(t *testing.T, meta, data []byte) []byte {
		return join(grouped(replaced(t, meta, 2, 3, "UI", shortElement(2, 3, "UI", instance))),
			replaced(t, data, 8, 0x18, "UI", shortElement(8, 0x18, "UI", instance)))
	}
}

// inMeta replaces a UID of the meta information with a value, or removes it.
func inMeta(number uint16, value []byte) func(*testing.T, []byte, []byte) []byte {
	return func(t *testing.T, meta, data []byte) []byte {
		return join(grouped(replaced(t, meta, 2, number, "UI", value)), data)
	}
}

// inData replaces an element of the data set with a value, or removes it.
func inData(group, number uint16, vr string, value []byte) func(*testing.T, []byte, []byte) []byte {
	return func(t *testing.T, meta, data []byte) []byte {
		return join(meta, replaced(t, data, group, number, vr, value))
	}
}

// beforeName inserts an element before Patient's Name.
func beforeName(element string) func(*testing.T, []byte, []byte) []byte {
	return func(t *testing.T, meta, data []byte) []byte {
		return join(meta, before(t, data, 0x10, 0x10, "PN", []byte(element)))
	}
}

// ending appends bytes to the file.
func ending(tail string) func(*testing.T, []byte, []byte) []byte {
	return func(_ *testing.T, meta, data []byte) []byte { return join(meta, data, []byte(tail)) }
}

// cut removes bytes at the end.
func cut(n int) func(*testing.T, []byte, []byte) []byte {
	return func(_ *testing.T, meta, data []byte) []byte { return join(meta, data[:len(data)-n]) }
}

// parts is for files that are joined from the two parts.
func parts(f func(meta, data []byte) []byte) func(*testing.T, []byte, []byte) []byte {
	return func(_ *testing.T, meta, data []byte) []byte { return f(meta, data) }
}

// oddFiles has both outcomes next to each other. Differences are intended: the data set is sent
// with its bytes unchanged, which DCMTK does not do, and zero bytes after it never belong to
// it.
var oddFiles = []odd{
	{about: "whole", file: ending(""), storescu: true, ours: true},
	{about: "a private element", file: beforeName("\x09\x00\x10\x00LO\x04\x00ACME\x09\x00\x01\x10UN\x00\x00\x04\x00\x00\x00abcd"), storescu: true, ours: true},

	{about: "no preamble", file: parts(func(m, d []byte) []byte { return join(m[132:], d) }), storescu: true, ours: true, reason: "no preamble"},
	{about: "no preamble, no group length", file: parts(func(m, d []byte) []byte { return join(m[144:], d) }), storescu: true, ours: true, reason: "no group length"},
	{about: "a preamble, no File Meta Information", file: parts(func(m, d []byte) []byte { return join(m[:132], d) }), storescu: true, ours: true, reason: "no File Meta Information"},
	{about: "half a preamble", file: parts(func(m, d []byte) []byte { return join(m[128:], d) }), reason: "preamble before its File Meta Information is damaged"},
	{about: "a preamble without DICM", file: parts(func(m, d []byte) []byte { return join(m[:128], m[132:], d) }), reason: "preamble before its File Meta Information is damaged"},
	{about: "a data set alone, explicit", file: parts(func(_, d []byte) []byte { return d }), storescu: true, ours: true, reason: "read as Explicit VR Little Endian"},
	{about: "a data set alone, implicit", file: converted("+ti"), storescu: true, ours: true, reason: "read as Implicit VR Little Endian"},
	{about: "a data set alone, big endian", file: converted("+tb"), storescu: true, ours: true, reason: "read as Explicit VR Big Endian"},
	{about: "a data set alone, deflated", file: converted("+td"), reason: "it is not DICOM"},
	{about: "a data set alone, cut", file: parts(func(_, d []byte) []byte { return d[:len(d)-100] }), reason: "truncated"},

	{about: "no group length", file: parts(func(m, d []byte) []byte { return join(m[:132], m[144:], d) }), storescu: true, ours: true, reason: "no group length"},
	{about: "a group length of 0", file: parts(func(m, d []byte) []byte { return join(groupLength(m, 0), d) }), storescu: true, ours: true, reason: "group length (0002,0000) of its File Meta Information is wrong"},
	{about: "a short group length", file: parts(func(m, d []byte) []byte { return join(groupLength(m, uint32(len(m)-164)), d) }), storescu: true, ours: true, reason: "is wrong"},
	{about: "a long group length", file: parts(func(m, d []byte) []byte { return join(groupLength(m, uint32(len(m)-136)), d) }), storescu: true, ours: true, reason: "is wrong"},
	{about: "a huge group length", file: parts(func(m, d []byte) []byte { return join(groupLength(m, 1<<31), d) }), ours: true, reason: "is wrong"},
	{about: "no transfer syntax", file: inMeta(0x10, nil), storescu: true, ours: true, reason: "it has no transfer syntax"},
	{about: "an empty transfer syntax", file: inMeta(0x10, shortElement(2, 0x10, "UI", "")), storescu: true, ours: true, reason: "it has no transfer syntax"},
	{about: "an unknown transfer syntax", file: inMeta(0x10, shortElement(2, 0x10, "UI", "1.2.3.45")), storescu: true, reason: "transfer syntax 1.2.3.45 can't be checked"},
	{about: "implicit, as it says", file: inMeta(0x10, shortElement(2, 0x10, "UI", "1.2.840.10008.1.2\x00")), reason: "truncated"},
	{about: "JPEG, as it says", file: inMeta(0x10, shortElement(2, 0x10, "UI", "1.2.840.10008.1.2.4.70")), reason: "not encapsulated"},
	{about: "no class in the meta", file: inMeta(2, nil), storescu: true, ours: true},
	{about: "no instance in the meta", file: inMeta(3, nil), storescu: true, ours: true},
	{about: "another class in the meta", file: inMeta(2, shortElement(2, 2, "UI", "1.2.840.10008.5.1.4.1.1.4\x00")), storescu: true, ours: true, reason: "but its File Meta Information has 1.2.840.10008.5.1.4.1.1.4"},
	{about: "another instance in the meta", file: inMeta(3, shortElement(2, 3, "UI", "2.25.77\x00")), storescu: true, ours: true, reason: "but its File Meta Information has 2.25.77"},
	{about: "only the meta", file: parts(func(m, _ []byte) []byte { return m }), reason: "no SOP Class UID"},

	{about: "one zero byte at the end", file: ending("\x00"), ours: true, reason: "the zero bytes after its data set are not sent"},
	{about: "eight zero bytes at the end", file: ending(strings.Repeat("\x00", 8)), storescu: true, ours: true, reason: "the zero bytes after its data set are not sent"},
	{about: "a block of zero bytes at the end", file: ending(strings.Repeat("\x00", 511)), ours: true, reason: "the zero bytes after its data set are not sent"},
	{about: "Data Set Trailing Padding", file: ending("\xfc\xff\xfc\xffOB\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00"), storescu: true, ours: true},
	{about: "a line break at the end", file: ending("\n"), reason: "truncated"},
	{about: "text at the end", file: ending("text at the end of the file"), reason: "no element can be read"},
	{about: "pixel data that is cut", file: cut(100), reason: "truncated"},
	{about: "a head that is cut", file: cut(4096 + 6), reason: "truncated"},
	{about: "no pixel data", file: cut(4096 + 12), storescu: true, ours: true},
	{about: "empty", file: parts(func(_, _ []byte) []byte { return nil }), reason: "it is empty"},

	{about: "an odd value", file: inData(0x20, 0x10, "SH", shortElement(0x20, 0x10, "SH", "ODD")), storescu: true, reason: "odd number of bytes", converts: "dcmconv IN OUT"},
	{about: "two odd values", file: func(t *testing.T, m, d []byte) []byte {
		d = replaced(t, d, 0x20, 0x10, "SH", shortElement(0x20, 0x10, "SH", "ODD"))
		return join(m, replaced(t, d, 8, 0x50, "SH", shortElement(8, 0x50, "SH", "A")))
	}, storescu: true, ours: true},
	{about: "pixel data of odd length", file: parts(func(m, d []byte) []byte {
		d = bytes.Clone(d[:len(d)-1])
		binary.LittleEndian.PutUint32(d[len(d)-4095-4:], 4095)
		return join(m, d)
	}), storescu: true, reason: "odd number of bytes", converts: "dcmconv IN OUT"},

	{about: "a VR ??", file: beforeName("\x09\x00\x01\x10??\x04\x00abcd"), storescu: true, ours: true, reason: "no valid value representation"},
	{about: "a VR of zero bytes", file: beforeName("\x09\x00\x01\x10\x00\x00\x04\x00abcd"), storescu: true, ours: true, reason: "no valid value representation"},
	{about: "a VR of spaces", file: beforeName("\x09\x00\x01\x10  \x04\x00abcd"), storescu: true, ours: true, reason: "no valid value representation"},
	{about: "a UID with the VR UN", file: func(t *testing.T, m, d []byte) []byte {
		return join(m, replaced(t, d, 0x20, 0xD, "UI", []byte("\x20\x00\x0d\x00UN\x00\x00\x06\x00\x00\x001.2.99")))
	}, storescu: true, ours: true, reason: "(0020,000D) has the value representation UN in place of UI"},
	{about: "a VR nobody knows", file: beforeName("\x09\x00\x01\x10ZZ\x00\x00\x04\x00\x00\x00abcd"), storescu: true, ours: true},
	{about: "an implicit element", file: beforeName("\x09\x00\x01\x10\x04\x00\x00\x00abcd"), reason: "no element can be read"},
	{about: "an odd Number of Frames", file: func(t *testing.T, m, d []byte) []byte {
		return join(m, before(t, d, 0x28, 0x10, "US", shortElement(0x28, 8, "IS", "1A")))
	}, storescu: true, ours: true, reason: "Number of Frames"},

	{about: "an instance that ends with a space", file: uids("1.2.5.71 "[:8]), storescu: true, ours: true},
	{about: "an instance that ends with zero bytes", file: uids("1.2.59\x00\x00"), storescu: true, ours: true},
	{about: "an instance with letters", file: uids("1.2.x5"), storescu: true, ours: true, reason: "not a valid UID"},
	{about: "an instance with a line break", file: uids("1.2.581\n"), storescu: true, reason: "can't be sent", converts: "dcmodify -gin IN"},
	{about: "an instance of 72 characters", file: uids(tooLong), storescu: true, reason: "can't be sent", converts: "dcmodify -gin IN"},
	{about: "a study with letters", file: inData(0x20, 0xD, "UI", shortElement(0x20, 0xD, "UI", "1.2.x6")), storescu: true, ours: true, reason: "not a valid UID"},
	{about: "a study of 72 characters", file: inData(0x20, 0xD, "UI", shortElement(0x20, 0xD, "UI", tooLong)), storescu: true, ours: true, reason: "not a valid UID"},
	{about: "no class", file: inData(8, 0x16, "UI", nil), reason: "no SOP Class UID", converts: "dcmodify -i (0008,0016)=1.2.840.10008.5.1.4.1.1.7 IN"},
	{about: "no instance", file: inData(8, 0x18, "UI", nil), reason: "no SOP Instance UID", converts: "dcmodify -i (0008,0018)=1.2.3.99 IN"},
	{about: "an instance twice", file: func(t *testing.T, m, d []byte) []byte {
		return join(m, before(t, d, 8, 0x20, "DA", shortElement(8, 0x18, "UI", "2.25.8888\x00")))
	}, storescu: true, ours: true},
	{about: "no study", file: inData(0x20, 0xD, "UI", nil), storescu: true, ours: true, refused: true, reason: "without which Orthanc does not store it"},
	{about: "no series", file: inData(0x20, 0xE, "UI", nil), storescu: true, ours: true, refused: true, reason: "without which Orthanc does not store it"},
}

// target is a server that both send to.
type target struct {
	port int
	aet  string
}

// storescu reports whether the file is stored when DCMTK's sender sends it.
func (s target) storescu(t *testing.T, path string) (bool, string) {
	a := peers.Ask(t, "storescu", "-v", "--required", "-aec", s.aet, "127.0.0.1", strconv.Itoa(s.port), path)
	return strings.Contains(a.Text, "Received Store Response (Success)"), a.Text
}

// ours sends the file with Files.
func (s target) ours(t *testing.T, path string) Result {
	r, err := Files(t.Context(), Options{
		Paths: []string{path}, Calling: "ORTHWEB", Called: s.aet, Concurrency: 1, Backoff: wait.Backoff{Duration: time.Second},
		Dial: func(ctx context.Context) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", peers.Address(s.port))
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// reasons are those of all lists of a result.
func reasons(r Result) (all []string) {
	for _, list := range r.lists() {
		for _, o := range list {
			all = append(all, o.Reason)
		}
	}
	return all
}

// TestOddFilesComparedWithStorescu sends each kind of file with storescu and with Files, to
// storescp and to Orthanc.
func TestOddFilesComparedWithStorescu(t *testing.T) {
	port, arrived := peers.StartStorescp(t, "--fork", "--accept-all", "--bit-preserving")
	orthanc := peers.StartOrthanc(t, map[string]any{"OverwriteInstances": true})
	storescp, archive := target{port, "STORESCP"}, target{orthanc.DICOMPort, "ORTHANC"}
	for i, c := range oddFiles {
		t.Run(c.about, func(t *testing.T) {
			image := part10.NewTestStudy([32]byte{byte(i), 7}, time.Now(), 1)[0]
			file := c.file(t, bytes.Clone(image.File[:image.DataOffset]), bytes.Clone(image.File[image.DataOffset:]))
			path := write(t, file, t.TempDir(), "image.dcm")
			for _, server := range []target{storescp, archive} {
				takes := !c.refused || server == storescp
				if got, text := server.storescu(t, path); got != (c.storescu && takes) {
					t.Errorf("storescu has it stored by %s: %v\n%s", server.aet, got, text)
				}
				r := server.ours(t, path)
				details := strings.Join(reasons(r), "\n")
				if got := r.Stored == 1; got != (c.ours && takes) {
					t.Errorf("we have it stored by %s: %v\n%s", server.aet, got, details)
				}
				if c.reason == "" != (details == "") || !strings.Contains(details, c.reason) {
					t.Errorf("of %s we say %q", server.aet, details)
				}
			}
			if c.ours {
				compareArrived(t, arrived, file)
			}
			if c.converts != "" {
				convertAndSend(t, archive, path, c.converts)
			}
		})
	}
}

// compareArrived finds the unchanged data set of the file in the output of storescp.
func compareArrived(t *testing.T, dir string, file []byte) {
	t.Helper()
	found, err := part10.Scan(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	written, err := filepath.Glob(filepath.Join(dir, "*"+found.SOPInstance))
	if err != nil || len(written) != 1 {
		t.Fatalf("%d files arrived: %v", len(written), err)
	}
	content, err := os.ReadFile(written[0])
	if err != nil {
		t.Fatal(err)
	}
	if data := file[found.DataOffset : int64(len(file))-found.Trailing]; !bytes.HasSuffix(content, data) {
		t.Error("the data set arrived changed")
	}
}

// convertAndSend runs the recommended command, and sends its output.
func convertAndSend(t *testing.T, server target, path, command string) {
	t.Helper()
	result := path
	args := strings.Fields(command)
	for i, arg := range args {
		switch arg {
		case "IN":
			args[i] = path
		case "OUT":
			result = path + ".new.dcm"
			args[i] = result
		}
	}
	if a := peers.Ask(t, args[0], args[1:]...); !a.OK() {
		t.Fatalf("%s: %+v", command, a)
	}
	if r := server.ours(t, result); r.Stored != 1 {
		t.Errorf("after %s: %q", command, reasons(r))
	}
}
