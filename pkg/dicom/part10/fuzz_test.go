package part10

import (
	"bufio"
	"bytes"
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/octets"
)

// FuzzPart10 reads arbitrary bytes as a file, with and without seeking: the results must agree.
func FuzzPart10(f *testing.F) {
	f.Add(someFile().File[:400])
	f.Add(inSyntax(ImplicitVRLittleEndian, octets.Parse(f, identityImplicit)))
	f.Add(inSyntax("1.2.840.10008.1.2.4.50", append(identity(), octets.Parse(f, "e07f 1000 'OB' 0000 ffffffff feff 00e0 00000000 feff 00e0 02000000 abcd feff dde0 00000000")...)))
	f.Add(inSyntax(Deflated, []byte("\x03\x00")))
	whole := someFile()
	f.Add(whole.File[whole.DataOffset:][:200])                                                                        // a data set without a header
	f.Add(whole.File[132:400])                                                                                        // no preamble
	f.Add(append(bytes.Clone(whole.File[:132]), whole.File[144:400]...))                                              // no group length
	f.Add(append(inSyntax(ExplicitVRLittleEndian, identity()), make([]byte, 20)...))                                  // zero bytes at the end
	f.Add(octets.Parse(f, identityImplicit+"0900 0110 02000000 'ab' 00 00 00"))                                       // implicit, and zero bytes
	f.Add(octets.Parse(f, "0008 0016 'UI' 0002 '1.' 0008 0018 'UI' 0004 '2.25' 7fe0 0010 'OB' 0000 00000003 abcdab")) // big endian, odd
	f.Fuzz(holdPart10)
}

// holdPart10 reads a file in two ways, which must agree.
func holdPart10(t *testing.T, file []byte) {
	found, err := Scan(bytes.NewReader(file))
	streamed, again := Scan(bufio.NewReaderSize(bytes.NewReader(file), 16))
	if found.Meta != streamed.Meta || (err == nil) != (again == nil) || err == nil && found != streamed {
		t.Fatalf("%+v (%v) by seeking, %+v (%v) by reading", found, err, streamed, again)
	}
	if err == nil && (found.SOPClass == "" || found.SOPInstance == "" || found.TransferSyntax == "") {
		t.Errorf("%+v can't be sent", found)
	}
	if size := int64(len(file)) - found.DataOffset - found.Trailing; err == nil && found.TransferSyntax != Deflated && (size <= 0 || size%2 != 0) {
		t.Errorf("%d bytes to send of %+v", size, found)
	}
	if err == nil && found.TransferSyntax != Deflated && found.PixelOffset+found.PixelLength > int64(len(file)) {
		t.Errorf("%+v is beyond the %d bytes", found, len(file))
	}
}
