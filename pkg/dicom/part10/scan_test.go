package part10

import (
	"bytes"
	"compress/flate"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/digihunch/kubectl-orthweb/internal/octets"
)

func TestScan(t *testing.T) {
	sequence := "0800 1511 'SQ' 0000 ffffffff  feff 00e0 ffffffff  0800 5011 'UI' 0400 '1.2' 00  feff 0de0 00000000  feff dde0 00000000"
	private := "0900 0110 'UN' 0000 ffffffff  feff 00e0 ffffffff  0800 5011 02000000 '1 '  feff 0de0 00000000  feff dde0 00000000"
	fragments := "e07f 1000 'OB' 0000 ffffffff  feff 00e0 04000000 00000000  feff 00e0 02000000 abcd  feff 00e0 04000000 abcdabcd  feff dde0 00000000"
	icon := "8800 0002 'SQ' 0000 ffffffff  feff 00e0 ffffffff " + fragments + " feff 0de0 00000000  feff dde0 00000000"
	nested := strings.Repeat("0800 1511 'SQ' 0000 ffffffff feff 00e0 ffffffff ", 100)
	frames := "2800 0800 'IS' 0200 '3 ' "
	for _, c := range []struct {
		about, syntax string
		data          string
		fault         FileFault
		want          string
		frames        int
		pixels        int64
	}{
		{"nothing more", ExplicitVRLittleEndian, "", "", "", 0, 0},
		{"sequences of undefined length", ExplicitVRLittleEndian, sequence + private, "", "", 0, 0},
		{"encapsulated", "1.2.840.10008.1.2.4.50", frames + fragments, "", "", 3, 6},
		{"an encapsulated icon", "1.2.840.10008.1.2.4.50", icon + fragments, "", "", 1, 6},
		{"native where it must be encapsulated", "1.2.840.10008.1.2.4.50", "e07f 1000 'OB' 0000 02000000 abcd", Malformed, "pixel data is not encapsulated, as its transfer syntax JPEG Baseline", 0, 0},
		{"native", ExplicitVRLittleEndian, "e07f 1000 'OW' 0000 04000000 abcdabcd", "", "", 1, 4},
		{"a value that is cut", ExplicitVRLittleEndian, "e07f 1000 'OW' 0000 06000000 abcdabcd", Truncated, "it is truncated", 0, 0},
		{"a head that is cut", ExplicitVRLittleEndian, "e07f 1000 'OW'", Truncated, "it is truncated", 0, 0},
		{"a UID that is cut", ExplicitVRLittleEndian, "2000 0d00 'UI' 0a00 '1.2'", Truncated, "it is truncated", 0, 0},
		{"a sequence without end", ExplicitVRLittleEndian, sequence[:len(sequence)-18], Truncated, "it is truncated", 0, 0},
		{"fragments without end", "1.2.840.10008.1.2.4.50", fragments[:len(fragments)-18], Truncated, "it is truncated", 0, 0},
		{"no VR", ExplicitVRLittleEndian, "2000 0d00 04000000 '1.23'", Malformed, "value representation is not two letters", 0, 0},
		{"a VR without undefined length", ExplicitVRLittleEndian, "0800 1901 'UT' 0000 ffffffff", Malformed, "which UT may not have", 0, 0},
		{"something else than items", ExplicitVRLittleEndian, "0800 1511 'SQ' 0000 ffffffff 0800 5011 'UI' 0000", Malformed, "instead of an item", 0, 0},
		{"an item outside", ExplicitVRLittleEndian, "feff 00e0 ffffffff", Malformed, "an item outside of a sequence", 0, 0},
		{"something other than fragments", "1.2.840.10008.1.2.4.50", "e07f 1000 'OB' 0000 ffffffff 0800 5011 'UI' 0000", Malformed, "something other than fragments", 0, 0},
		{"deep", ExplicitVRLittleEndian, nested, Malformed, "nested more than 64 deep", 0, 0},
		{"a long UID that is cut", ExplicitVRLittleEndian, "2000 0d00 'UI' 0010", Truncated, "it is truncated", 0, 0},
		{"an odd length", ExplicitVRLittleEndian, "e07f 1000 'OB' 0000 03000000 abcdab", OddLength, "dcmconv FILE NEW-FILE", 0, 0},
		{"zero bytes before something", ExplicitVRLittleEndian, "0000000000000000 0000000000000000 e07f 1000 'OB' 0000 02000000 abcd", Malformed, "there are zero bytes instead of an element", 0, 0},
		{"a private transfer syntax", "1.2.840.113619.5.2", "", Unreadable, "can't be checked", 0, 0},
	} {
		t.Run(c.about, func(t *testing.T) {
			file := inSyntax(c.syntax, append(identity(), octets.Parse(t, c.data)...))
			for _, r := range []io.Reader{bytes.NewReader(file), iotest.HalfReader(bytes.NewReader(file))} {
				got, err := Scan(r)
				faulty(t, err, c.fault, c.want)
				if err == nil && (got.Frames != c.frames || got.PixelLength != c.pixels) {
					t.Errorf("%d frames and %d bytes instead of %d and %d", got.Frames, got.PixelLength, c.frames, c.pixels)
				}
			}
		})
	}
}

// TestScanRemarks scans files that violate the standard, and can be sent.
func TestScanRemarks(t *testing.T) {
	file := func(parts ...string) []byte {
		data := "0800 1600 'UI' 0200 '1.' 0800 1800 'UI' 0400 '2.25' " + strings.Join(parts, " ")
		return append(fileMeta("1.", "2.25", ExplicitVRLittleEndian), octets.Parse(t, data)...)
	}
	const study, series = "2000 0d00 'UI' 0400 '1.23' ", "2000 0e00 'UI' 0400 '1.24' "
	for _, c := range []struct {
		about  string
		file   []byte
		remark string
		left   int64 // bytes that are not sent
	}{
		{"all well", file(study, series), "", 0},
		{"zero bytes at the end", file(study, series, "00 00 00 00 00 00 00 00 00 00 00"), "the zero bytes after its data set are not sent", 11},
		{"one zero byte at the end", file(study, series, "00"), "the zero bytes after its data set are not sent", 1},
		{"no study", file(series), "its data set has no Study Instance UID (0020,000D), without which Orthanc does not store it", 0},
		{"no series", file(study), "its data set has no Series Instance UID (0020,000E), without which Orthanc does not store it", 0},
		{"a study that is no UID", file("2000 0d00 'UI' 0400 'abcd' ", series), `its Study Instance UID (0020,000D) "abcd" is not a valid UID`, 0},
		{"no number of frames", file(study, series, "2800 0800 'IS' 0200 'x '"), `its Number of Frames (0028,0008) is "x"`, 0},
		{"a VR that is none", file("0900 0110 '??' 0200 'ab'", study, series), "its element (0009,1001) has no valid value representation", 0},
		{"a study with the VR UN", file("2000 0d00 'UN' 0000 04000000 '1.23'", series), "its element (0020,000D) has the value representation UN in place of UI", 0},
		{"an instance twice", file("0800 1800 'UI' 0400 '2.26'", study, series), "", 0},
		{"no File Meta Information", append(identity(), octets.Parse(t, study+series)...), `it has no preamble with "DICM"; it has no File Meta Information; it has no transfer syntax and was read as Explicit VR Little Endian`, 0},
		{"implicit, alone", octets.Parse(t, identityImplicit+"2000 0d00 04000000 '1.23' 2000 0e00 04000000 '1.24'"), `it has no preamble with "DICM"; it has no File Meta Information; it has no transfer syntax and was read as Implicit VR Little Endian`, 0},
		{"big endian, alone", octets.Parse(t, "0008 0016 'UI' 001a '1.2.840.10008.5.1.4.1.1.7' 00  0008 0018 'UI' 0006 '2.25.1' 0020 000d 'UI' 0004 '1.23' 0020 000e 'UI' 0004 '1.24'"), `it has no preamble with "DICM"; it has no File Meta Information; it has no transfer syntax and was read as Explicit VR Big Endian (Retired)`, 0},
		{"another instance", append(fileMeta(someInstance.SOPClass, "2.25.2", ExplicitVRLittleEndian), append(identity(), octets.Parse(t, study+series)...)...), "its data set has the SOP Instance UID (0008,0018) 2.25.1, but its File Meta Information has 2.25.2", 0},
		{"another class", append(fileMeta("1.2.3", someInstance.SOPInstance, ExplicitVRLittleEndian), append(identity(), octets.Parse(t, study+series)...)...), "its data set has the SOP Class UID (0008,0016) 1.2.840.10008.5.1.4.1.1.7, but its File Meta Information has 1.2.3", 0},
	} {
		t.Run(c.about, func(t *testing.T) {
			got, err := Scan(bytes.NewReader(c.file))
			if err != nil || got.Remark != c.remark || got.Trailing != c.left {
				t.Errorf("%q, %d bytes left, %v; want %q, %d", got.Remark, got.Trailing, err, c.remark, c.left)
			}
			if got.SOPInstance != "2.25" && got.SOPInstance != "2.25.1" {
				t.Errorf("it is the instance %q", got.SOPInstance)
			}
		})
	}
}

// TestScanIdentity scans data sets that don't identify themselves, or do so in a way that can't
// be sent.
func TestScanIdentity(t *testing.T) {
	class, instance := "0800 1600 'UI' 0200 '1.' ", "0800 1800 'UI' 0400 '2.25' "
	for _, c := range []struct{ about, data, want string }{
		{"no instance", class, `has no SOP Instance UID (0008,0018): "dcmodify -i '(0008,0018)=2.25.2' FILE" adds it`},
		{"no class", instance, `has no SOP Class UID (0008,0016): "dcmodify -i '(0008,0016)=1.2.3' FILE" adds it`},
		{"a long instance", class + "0800 1800 'UI' 4600 " + strings.Repeat("'1.23456789' ", 7), "can't be sent"},
		{"a line break", class + "0800 1800 'UI' 0400 '1.2' 0a", "can't be sent"},
	} {
		t.Run(c.about, func(t *testing.T) {
			file := append(fileMeta("1.2.3", "2.25.2", ExplicitVRLittleEndian), octets.Parse(t, c.data)...)
			_, err := Scan(bytes.NewReader(file))
			faulty(t, err, Malformed, c.want)
		})
	}
}

func TestScanEncodings(t *testing.T) {
	var zipped bytes.Buffer
	w, _ := flate.NewWriter(&zipped, flate.BestCompression)
	plain := append(identity(), octets.Parse(t, "2000 0d00 'UI' 0400 '1.23' e07f 1000 'OB' 0000 04000000 abcdabcd")...)
	if _, err := w.Write(plain); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		about, syntax string
		data          []byte
		fault         FileFault
		want          string
	}{
		{"implicit", ImplicitVRLittleEndian, octets.Parse(t, identityImplicit+"2000 0d00 04000000 '1.23' e07f 1000 04000000 abcdabcd"), "", ""},
		{"implicit, cut", ImplicitVRLittleEndian, octets.Parse(t, identityImplicit+"e07f 1000 08000000 abcdabcd"), Truncated, "truncated"},
		{"big endian", ExplicitVRBigEndian, octets.Parse(t, "0008 0016 'UI' 001a '1.2.840.10008.5.1.4.1.1.7' 00  0008 0018 'UI' 0006 '2.25.1' 0020 000d 'UI' 0004 '1.23' 7fe0 0010 'OB' 0000 00000004 abcdabcd"), "", ""},
		{"deflated", Deflated, zipped.Bytes(), "", ""},
		{"deflated, padded", Deflated, append(zipped.Bytes(), 0), "", ""},
		{"deflated, cut", Deflated, zipped.Bytes()[:zipped.Len()/2], Truncated, "truncated"},
		{"deflated, garbage", Deflated, []byte("\xff\xff\xff"), Malformed, "can't be inflated"},
	} {
		t.Run(c.about, func(t *testing.T) {
			got, err := Scan(bytes.NewReader(inSyntax(c.syntax, c.data)))
			faulty(t, err, c.fault, c.want)
			if err == nil && (got.StudyUID != "1.23" || got.Frames != 1 || got.PixelLength != 4) {
				t.Errorf("found %+v", got)
			}
		})
	}
}

// TestScanCutAnywhere truncates a file at every length. A cut between two elements can be
// detected only by missing elements.
func TestScanCutAnywhere(t *testing.T) {
	whole := someFile()
	for length := range len(whole.File) {
		found, err := Scan(bytes.NewReader(whole.File[:length]))
		if err == nil && found.PixelLength != 0 {
			t.Fatalf("cut to %d bytes of %d, it seems whole", length, len(whole.File))
		}
	}
}

// TestScanSeeks scans a sparse file of 3 GiB.
func TestScanSeeks(t *testing.T) {
	head := inSyntax(ExplicitVRLittleEndian, append(identity(), octets.Parse(t, "e07f 1000 'OW' 0000 000000c0")...))
	f, err := os.Create(filepath.Join(t.TempDir(), "large.dcm"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(head); err != nil {
		t.Fatal(err)
	}
	size := int64(len(head)) + 3<<30
	for _, c := range []struct {
		size  int64
		fault FileFault
		want  string
	}{{size, "", ""}, {size - 1, Truncated, "truncated"}} {
		if err := f.Truncate(c.size); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		found, err := Scan(f)
		faulty(t, err, c.fault, c.want)
		if err == nil && found.PixelLength != 3<<30 {
			t.Errorf("found %d bytes", found.PixelLength)
		}
	}
}
