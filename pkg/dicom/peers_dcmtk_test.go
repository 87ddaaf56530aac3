//go:build peers

package dicom

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/internal/octets"
	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
)

func TestStorescpKeepsBytes(t *testing.T) {
	for _, longest := range []string{"4096", "131072"} {
		port, dir := storescp(t, "--bit-preserving", "--max-pdu", longest)
		study := newStudy(20)
		a := open(t, port, peerOptions("STORESCP", study[0].Meta))
		if got := fmt.Sprint(a.Peer().MaxPDU); got != longest {
			t.Errorf("the peer takes %s bytes instead of %s", got, longest)
		}
		t.Logf("%+v", a.Peer())
		if status, err := a.Echo(context.Background()); err != nil || !status.Success() {
			t.Fatal(status, err)
		}
		for _, instance := range study {
			if status, err := store(a, instance); err != nil || !status.Success() {
				t.Fatal(status, err)
			}
		}
		release(t, a)
		for _, instance := range study {
			arrived(t, dir, instance.SOPInstance, instance.File[instance.DataOffset:])
		}
	}
}

// TestStorescpTransferSyntaxes sends one image in each encoding that DCMTK can
// write.
func TestStorescpTransferSyntaxes(t *testing.T) {
	port, dir := storescp(t, "--bit-preserving", "--accept-all")
	plain := filepath.Join(t.TempDir(), "plain.dcm")
	for _, c := range []struct{ program, flag, syntax string }{
		{"dcmconv", "+te", part10.ExplicitVRLittleEndian},
		{"dcmconv", "+ti", part10.ImplicitVRLittleEndian},
		{"dcmconv", "+tb", part10.ExplicitVRBigEndian},
		{"dcmconv", "+td", part10.Deflated},
		{"dcmcrle", "--uid-never", "1.2.840.10008.1.2.5"},
		{"dcmcjpeg", "+e1", "1.2.840.10008.1.2.4.70"},
	} {
		t.Run(part10.TransferSyntaxName(c.syntax), func(t *testing.T) {
			instance := newStudy(1)[0]
			if err := os.WriteFile(plain, instance.File, 0o600); err != nil {
				t.Fatal(err)
			}
			name := filepath.Join(t.TempDir(), "other.dcm")
			output(t, c.program, append(strings.Fields(c.flag), plain, name)...)
			file, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			found, err := part10.Scan(bytes.NewReader(file))
			if err != nil || found.TransferSyntax != c.syntax || found.StudyUID != instance.StudyUID || found.Frames != 1 {
				t.Fatalf("%+v: %v", found, err)
			}
			a := open(t, port, peerOptions("STORESCP", found.Meta))
			if status, err := a.Store(context.Background(), found.Meta, bytes.NewReader(file[found.DataOffset:])); err != nil || !status.Success() {
				t.Fatal(status, err)
			}
			release(t, a)
			want := file[found.DataOffset:]
			if c.syntax == part10.Deflated && len(want)%2 == 1 {
				want = append(want, 0)
			}
			arrived(t, dir, found.SOPInstance, want)
		})
	}
}

func TestStorescpRefuses(t *testing.T) {
	port, _ := storescp(t, "--refuse")
	_, err := Associate(context.Background(), dial(t, port), peerOptions("STORESCP", someInstance))
	if _, ok := isError[*RejectError](err); !ok {
		t.Error(err)
	}
	t.Log(err)
	// By default it accepts uncompressed instances only.
	port, _ = storescp(t)
	jpeg := someInstance
	jpeg.TransferSyntax = "1.2.840.10008.1.2.4.50"
	private := someInstance
	private.SOPClass = "2.25.99"
	a := open(t, port, peerOptions("STORESCP", jpeg, private))
	_, err = a.Store(context.Background(), jpeg, strings.NewReader("abcd"))
	holds(t, err, "JPEG Baseline (Process 1): transfer-syntaxes-not-supported")
	_, err = a.Store(context.Background(), private, strings.NewReader("abcd"))
	holds(t, err, "abstract-syntax-not-supported")
	release(t, a)
}

func TestStorescpAborts(t *testing.T) {
	for _, when := range []string{"--abort-after", "--abort-during"} {
		port, _ := storescp(t, when)
		a := open(t, port, peerOptions("STORESCP", someInstance))
		_, err := store(a, newStudy(1)[0])
		if _, ok := isError[*AbortError](err); !ok || a.Err() == nil {
			t.Errorf("%s: %v", when, err)
		}
		t.Log(err)
	}
}

func TestStorescpIsSlow(t *testing.T) {
	for _, when := range []string{"--sleep-after", "--sleep-during"} {
		port, _ := storescp(t, when, "1")
		o := peerOptions("STORESCP", someInstance)
		a := open(t, port, o)
		if status, err := store(a, newStudy(1)[0]); err != nil || !status.Success() {
			t.Errorf("%s: %v, %v", when, status, err)
		}
		release(t, a)
		o.Timeouts.Response = 100 * time.Millisecond
		a = open(t, port, o)
		// It aborts after the first answer, or before it.
		_, err := store(a, newStudy(1)[0])
		if err == nil {
			_, err = a.Echo(context.Background())
		}
		if _, ok := isError[*TimeoutError](err); !ok {
			t.Errorf("%s: %v", when, err)
		}
	}
}

// TestStorescpCancelled cancels during a large data set; DCMTK must understand the A-ABORT.
func TestStorescpCancelled(t *testing.T) {
	port, _ := storescp(t, "--bit-preserving")
	a := open(t, port, peerOptions("STORESCP", someInstance))
	head := octets.Parse(t, identity+"e07f 1000 'OB' 0000 000000f0")
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := a.Store(ctx, someInstance, io.MultiReader(bytes.NewReader(head), zeros{}))
	if took := time.Since(start); err == nil || took > 10*time.Second {
		t.Errorf("%v after %s", err, took)
	}
}
