package dicom

import (
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/internal/octets"
)

// replay is a connection whose peer has sent all of its data.
type replay struct{ message io.Reader }

func (r replay) Read(p []byte) (int, error) { return r.message.Read(p) }

func (replay) Write(p []byte) (int, error) { return len(p), nil }

func (replay) Close() error { return nil }

func (replay) LocalAddr() net.Addr { return nil }

func (replay) RemoteAddr() net.Addr { return nil }

func (replay) SetDeadline(time.Time) error { return nil }

func (replay) SetReadDeadline(t time.Time) error { return nil }

func (replay) SetWriteDeadline(t time.Time) error { return nil }

// FuzzPDU runs a whole session with arbitrary answers.
func FuzzPDU(f *testing.F) {
	for _, session := range []string{
		goldenAC + goldenEchoRSP + goldenStoreRSP + "06 00 00000004 00000000",
		goldenAC + "05 00 00000004 00000000", goldenAC + "07 00 00000004 00000206",
		"03 00 00000004 00010107", "04 00 ffffffff",
	} {
		f.Add(octets.Parse(f, session))
	}
	f.Fuzz(holdSession)
}

// holdSession runs a whole session with a peer that answers this, and checks the invariants of
// every session.
func holdSession(t *testing.T, message []byte) {
	o := someOptions()
	o.Contexts = twoContexts
	a, err := Associate(context.Background(), replay{bytes.NewReader(message)}, o)
	if err != nil {
		return
	}
	_, echo := a.Echo(context.Background())
	status, store := a.Store(context.Background(), someInstance, strings.NewReader("abcd"))
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

// FuzzAssociateAC compares the accepted contexts with the proposed ones.
func FuzzAssociateAC(f *testing.F) {
	f.Add(octets.Parse(f, goldenAC)[pduHead:])
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
