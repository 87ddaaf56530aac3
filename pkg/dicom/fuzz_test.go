package dicom

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
)

// replay is a connection whose peer has said all that it will.
type replay struct{ said io.Reader }

func (r replay) Read(p []byte) (int, error) { return r.said.Read(p) }

func (replay) Write(p []byte) (int, error) { return len(p), nil }

func (replay) Close() error { return nil }

func (replay) LocalAddr() net.Addr { return nil }

func (replay) RemoteAddr() net.Addr { return nil }

func (replay) SetDeadline(time.Time) error { return nil }

func (replay) SetReadDeadline(t time.Time) error { return nil }

func (replay) SetWriteDeadline(t time.Time) error { return nil }

// FuzzPDU lets a peer answer a whole session with anything.
func FuzzPDU(f *testing.F) {
	for _, session := range []string{
		goldenAC + goldenEchoRSP + goldenStoreRSP + "06 00 00000004 00000000",
		goldenAC + "05 00 00000004 00000000", goldenAC + "07 00 00000004 00000206",
		"03 00 00000004 00010107", "04 00 ffffffff",
	} {
		f.Add(Octets(f, session))
	}
	f.Fuzz(holdSession)
}

// holdSession holds a whole session with a peer that answers this to what every
// session must keep.
func holdSession(t *testing.T, said []byte) {
	o := someOptions()
	o.Contexts = twoContexts
	a, err := Associate(context.Background(), replay{bytes.NewReader(said)}, o)
	if err != nil {
		return
	}
	_, echo := a.Echo(context.Background())
	status, store := a.Store(context.Background(), SomeInstance, strings.NewReader("abcd"))
	if store == nil && !status.Success() && !status.Warning() {
		t.Errorf("a failure passes: %v", status)
	}
	over := a.Err()
	if over != nil && echo == nil && store == nil {
		t.Errorf("it is over without a reason: %v", over)
	}
	if len(a.answer) > maxCommand || cap(a.body) > maxAccept {
		t.Errorf("the buffers grew to %d and %d bytes", len(a.answer), cap(a.body))
	}
	if err := a.Release(context.Background()); err == nil && a.Err() == nil {
		t.Error("a released association goes on")
	}
}

// FuzzAssociateAC holds what was accepted to what was proposed.
func FuzzAssociateAC(f *testing.F) {
	f.Add(Octets(f, goldenAC)[pduHead:])
	f.Fuzz(func(t *testing.T, body []byte) {
		peer, results, err := parseAccept(body, twoContexts)
		if err != nil {
			return
		}
		if peer.MaxPDU != 0 && peer.MaxPDU < minPDU || len(results) != len(twoContexts) {
			t.Errorf("%+v, %+v", peer, results)
		}
		for i, r := range results {
			if r.Accepted() && r.TransferSyntax != twoContexts[i].TransferSyntaxes[0] || !r.Accepted() && r.TransferSyntax != "" {
				t.Errorf("%+v", r)
			}
		}
		for _, c := range peer.VersionName + peer.ImplementationClass {
			if c < ' ' || c > '~' {
				t.Errorf("%+v isn't fit for a terminal", peer)
			}
		}
	})
}

// FuzzPart10 reads anything as a file, with and without seeking: both find the
// same.
func FuzzPart10(f *testing.F) {
	f.Add(SomeFile().File[:400])
	f.Add(InSyntax(part10.ImplicitVRLittleEndian, Octets(f, IdentityImplicit)))
	f.Add(InSyntax("1.2.840.10008.1.2.4.50", append(Identity(), Octets(f, "e07f 1000 'OB' 0000 ffffffff feff 00e0 00000000 feff 00e0 02000000 abcd feff dde0 00000000")...)))
	f.Add(InSyntax(part10.Deflated, []byte("\x03\x00")))
	whole := SomeFile()
	f.Add(whole.File[whole.DataOffset:][:200])                                                                  // a data set alone
	f.Add(whole.File[132:400])                                                                                  // no preamble
	f.Add(append(bytes.Clone(whole.File[:132]), whole.File[144:400]...))                                        // no group length
	f.Add(append(InSyntax(part10.ExplicitVRLittleEndian, Identity()), make([]byte, 20)...))                     // zero bytes at the end
	f.Add(Octets(f, IdentityImplicit+"0900 0110 02000000 'ab' 00 00 00"))                                       // implicit, and zero bytes
	f.Add(Octets(f, "0008 0016 'UI' 0002 '1.' 0008 0018 'UI' 0004 '2.25' 7fe0 0010 'OB' 0000 00000003 abcdab")) // big endian, odd
	f.Fuzz(holdPart10)
}

// holdPart10 reads a file in two ways, which must agree.
func holdPart10(t *testing.T, file []byte) {
	found, err := part10.Scan(bytes.NewReader(file))
	streamed, again := part10.Scan(bufio.NewReaderSize(bytes.NewReader(file), 16))
	if found.Meta != streamed.Meta || (err == nil) != (again == nil) || err == nil && found != streamed {
		t.Fatalf("%+v (%v) by seeking, %+v (%v) by reading", found, err, streamed, again)
	}
	if err == nil && (found.SOPClass == "" || found.SOPInstance == "" || found.TransferSyntax == "") {
		t.Errorf("%+v can't be sent", found)
	}
	if size := int64(len(file)) - found.DataOffset - found.Trailing; err == nil && found.TransferSyntax != part10.Deflated && (size <= 0 || size%2 != 0) {
		t.Errorf("%d bytes to send of %+v", size, found)
	}
	if err == nil && found.TransferSyntax != part10.Deflated && found.PixelOffset+found.PixelLength > int64(len(file)) {
		t.Errorf("%+v is beyond the %d bytes", found, len(file))
	}
}
