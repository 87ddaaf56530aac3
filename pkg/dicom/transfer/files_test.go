package transfer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom"
	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
)

const secondary = part10.SecondaryCaptureStorage

// made is a Part 10 file of explicit VR little endian as Scan reads it, with pixels of the
// given size (PS3.10 section 7.1).
func made(sopClass, instance, syntax, study string, pixels int) []byte {
	var meta, data []byte
	uid := func(b []byte, group, number uint16, value string) []byte {
		if len(value)%2 == 1 {
			value += "\x00"
		}
		b = binary.LittleEndian.AppendUint16(b, group)
		b = append(binary.LittleEndian.AppendUint16(b, number), "UI"...)
		return append(binary.LittleEndian.AppendUint16(b, uint16(len(value))), value...)
	}
	meta = uid(meta, 2, 2, sopClass)
	meta = uid(meta, 2, 3, instance)
	meta = uid(meta, 2, 0x10, syntax)
	data = uid(data, 8, 0x16, sopClass)
	data = uid(data, 8, 0x18, instance)
	data = uid(data, 0x20, 0x0D, study)
	data = uid(data, 0x20, 0x0E, "1.2.3.4")
	data = append(data, 0xE0, 0x7F, 0x10, 0, 'O', 'B', 0, 0)
	if strings.HasPrefix(syntax, "1.2.840.10008.1.2.4.") { // encapsulated: no offset table, one fragment
		data = append(data, "\xff\xff\xff\xff\xfe\xff\x00\xe0\x00\x00\x00\x00\xfe\xff\x00\xe0"...)
		data = binary.LittleEndian.AppendUint32(data, uint32(pixels))
		data = append(append(data, make([]byte, pixels)...), "\xfe\xff\xdd\xe0\x00\x00\x00\x00"...)
		pixels = 0
	} else {
		data = binary.LittleEndian.AppendUint32(data, uint32(pixels))
	}
	file := append(make([]byte, 128), "DICM\x02\x00\x00\x00UL\x04\x00"...)
	file = binary.LittleEndian.AppendUint32(file, uint32(len(meta)))
	return append(append(append(file, meta...), data...), make([]byte, pixels)...)
}

// write writes a file below a directory, which it creates.
func write(t testing.TB, content []byte, parts ...string) string {
	t.Helper()
	path := filepath.Join(parts...)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// study writes files 0.dcm … of one study and returns their directory. Instance i
// is "2.25.i+1".
func study(t testing.TB, n int) string {
	t.Helper()
	dir := t.TempDir()
	for i := range n {
		write(t, made(secondary, fmt.Sprintf("2.25.%d", i+1), part10.ExplicitVRLittleEndian, "1.2.3", 100), dir, fmt.Sprintf("%04d.dcm", i))
	}
	return dir
}

// to are options for sending to a peer, with short waits.
func to(p *peer, paths ...string) Options {
	return Options{
		Paths: paths, Dial: p.dial, Calling: "ORTHWEB", Called: "ORTHANC", Concurrency: 3,
		Backoff:  wait.Backoff{Duration: time.Millisecond, Steps: 2},
		Timeouts: dicom.Timeouts{Association: 5 * time.Second, Response: 5 * time.Second, Idle: 5 * time.Second},
	}
}

func names(outcomes []Outcome) string {
	var list []string
	for _, o := range outcomes {
		list = append(list, filepath.Base(o.Path))
	}
	return strings.Join(list, " ")
}

// TestFilesOfEveryKind has a directory with each kind of file that is not sent, and some that
// are.
func TestFilesOfEveryKind(t *testing.T) {
	p := (&peer{}).listen(t)
	dir := t.TempDir()
	good := made(secondary, "2.25.1", part10.ExplicitVRLittleEndian, "1.2.3", 100)
	other := made(secondary, "2.25.9", part10.ExplicitVRLittleEndian, "1.2.3", 100)
	changed := append(good[:len(good)-1:len(good)-1], 1)
	write(t, good, dir, "a-good.dcm")
	write(t, good, dir, "b", "again.dcm")
	write(t, good[:len(good)-10], dir, "c-truncated.dcm")
	write(t, changed, dir, "d-changed.dcm")
	write(t, []byte("%PDF"), dir, "e-report.pdf")
	write(t, made("1.2.840.10008.1.3.10", "2.25.7", part10.ExplicitVRLittleEndian, "1.2.3", 2), dir, "f-DICOMDIR")
	write(t, nil, dir, "g-empty.dcm")
	write(t, nil, dir, "g-empty")
	write(t, made(secondary, "2.25.10", part10.ExplicitVRLittleEndian, "1.2.3", 99), dir, "k-odd.dcm")
	mismatched := strings.Replace(string(made(secondary, "2.25.8", part10.ExplicitVRLittleEndian, "1.2.3", 100)), "2.25.8", "2.25.5", 1)
	write(t, append([]byte(mismatched), make([]byte, 300)...), dir, "l-remark.dcm")
	linked := write(t, other, t.TempDir(), "elsewhere.dcm")
	for link, target := range map[string]string{"h-link.dcm": linked, "i-broken.dcm": "nowhere", "j-cycle": dir} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	r, err := Files(t.Context(), to(p, dir))
	if err != nil || r.Stored != 3 || len(r.Failed) != 0 {
		t.Fatalf("stored %d, failed %v, %v", r.Stored, r.Failed, err)
	}
	for _, c := range []struct {
		about string
		list  []Outcome
		want  []string // a name and a reason
	}{
		{"skipped", r.Skipped, []string{"c-truncated.dcm", "truncated", "g-empty.dcm", "it is empty", "i-broken.dcm", "no such file", "j-cycle", "not followed"}},
		{"convertible", r.Convertible, []string{"k-odd.dcm", "dcmconv"}},
		{"conflicting", r.Conflicting, []string{"d-changed.dcm", filepath.Join(dir, "a-good.dcm") + ", which was sent, has the same SOP Instance UID and different bytes"}},
		{"not DICOM", r.NotDICOM, []string{"e-report.pdf", "it is not DICOM", "g-empty", "it is empty"}},
		{"indexes", r.Indexes, []string{"f-DICOMDIR", "an index of other files"}},
		{"copies", r.Copies, []string{"again.dcm", "the same bytes as " + filepath.Join(dir, "a-good.dcm")}},
		{"noted", r.Noted, []string{"l-remark.dcm", "its File Meta Information has 2.25.5"}},
	} {
		if len(c.list) != len(c.want)/2 {
			t.Errorf("%s: %q", c.about, c.list)
			continue
		}
		for i, o := range c.list {
			if filepath.Base(o.Path) != c.want[2*i] || !strings.Contains(o.Reason, c.want[2*i+1]) {
				t.Errorf("%s: %q because %q, want %q", c.about, o.Path, o.Reason, c.want[2*i:2*i+2])
			}
		}
	}
	if p.stored["2.25.1"] != 1 || p.stored["2.25.8"] != 1 || p.stored["2.25.9"] != 1 || len(p.stored) != 3 {
		t.Errorf("the peer has %v", p.stored)
	}
	if p.bytes["2.25.8"] != p.bytes["2.25.9"] {
		t.Errorf("%d bytes were sent of a data set of %d, which zero bytes follow", p.bytes["2.25.8"], p.bytes["2.25.9"])
	}
	if len(r.Studies["1.2.3"]) != 3 {
		t.Errorf("studies %v", r.Studies)
	}
}

// TestPatientCD sends a complete CD, and names its files that are not DICOM.
func TestPatientCD(t *testing.T) {
	p := (&peer{}).listen(t)
	dir := study(t, 3)
	index := write(t, made("1.2.840.10008.1.3.10", "2.25.7", part10.ExplicitVRLittleEndian, "1.2.3", 2), dir, "DICOMDIR")
	readme := write(t, []byte("Start VIEWER.EXE"), dir, "README.TXT")
	write(t, []byte("[autorun]"), dir, "AUTORUN.INF")
	write(t, []byte("MZ\x90\x00\x03\x00\x00\x00\x04"), dir, "VIEWER", "VIEWER.EXE")
	for _, c := range []struct {
		about                              string
		paths                              []string
		stored, skipped, notDICOM, indexes int
	}{
		{"the CD", []string{dir}, 3, 0, 3, 1},
		{"a text that is named", []string{dir, readme}, 3, 1, 3, 1},
		{"an index that is named", []string{index, filepath.Join(dir, "0000.dcm")}, 1, 1, 0, 0},
		{"no image at all", []string{filepath.Join(dir, "VIEWER")}, 0, 0, 1, 0},
	} {
		t.Run(c.about, func(t *testing.T) {
			r, err := Files(t.Context(), to(p, c.paths...))
			if err != nil || r.Stored != c.stored || len(r.Skipped) != c.skipped || len(r.NotDICOM) != c.notDICOM || len(r.Indexes) != c.indexes {
				t.Errorf("%+v, %v", r, err)
			}
		})
	}
}

func TestFilesNamesMissingPath(t *testing.T) {
	for _, paths := range [][]string{nil, {filepath.Join(t.TempDir(), "nothing")}} {
		if _, err := Files(t.Context(), Options{Paths: paths}); err == nil {
			t.Errorf("%q: no error", paths)
		}
	}
}

// TestEveryFileOnce checks runs with chosen and random faults: each file is in exactly one of
// stored, failed and skipped, and the peer has the files that are reported as stored.
func TestEveryFileOnce(t *testing.T) {
	for seed := range uint64(12) {
		random := rand.New(rand.NewPCG(seed, 0))
		deadly, failing := random.IntN(20), random.IntN(20)
		p := (&peer{
			dies:   func(n int, _ string) bool { return deadly > 0 && n%(deadly+3) == 0 },
			status: func(uid string) uint16 { return map[bool]uint16{true: 0xA700}[len(uid)%7 == failing%7] },
		}).listen(t)
		n := 1 + random.IntN(60)
		dir := study(t, n)
		write(t, []byte("junk"), dir, "junk")
		o := to(p, dir)
		o.Concurrency = 1 + random.IntN(6)
		r, err := Files(t.Context(), o)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		all := map[string]int{}
		for _, list := range [][]Outcome{r.Failed, r.Skipped, r.NotDICOM} {
			for _, o := range list {
				all[o.Path]++
			}
		}
		for path, times := range all {
			if times != 1 {
				t.Errorf("seed %d: %s is told of %d times", seed, path, times)
			}
		}
		if r.Stored+len(all) != n+1 || r.Stored != len(p.stored) {
			t.Errorf("seed %d: %d stored, %d told of, the peer has %d, of %d files", seed, r.Stored, len(all), len(p.stored), n+1)
		}
		for _, o := range r.Failed {
			if p.stored[o.Instance] != 0 {
				t.Errorf("seed %d: the peer said that it stored %s", seed, o.Path)
			}
		}
	}
}

// TestRefusedSyntax checks that the error names the transfer syntax that the peer rejects.
func TestRefusedSyntax(t *testing.T) {
	const jpeg = "1.2.840.10008.1.2.4.50"
	p := (&peer{accepts: func(_, syntax string) bool { return syntax != jpeg }}).listen(t)
	dir := study(t, 3)
	write(t, made(secondary, "2.25.77", jpeg, "1.2.3", 10), dir, "jpeg.dcm")
	r, err := Files(t.Context(), to(p, dir))
	var refused *dicom.RefusedError
	if err != nil || r.Stored != 3 || r.Calling == "" || len(r.Failures) != 1 || !errors.As(r.Failures[0].Why, &refused) || r.Failures[0].Study != "1.2.3" {
		t.Errorf("%+v, %v", r, err)
	}
}
