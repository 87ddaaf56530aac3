//go:build peers

package dicom

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/internal/peers"
	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
)

// These tests run against DCMTK and Orthanc as packaged by Debian: go test -tags peers
// ./pkg/dicom

// output runs a program until it exits.
func output(t testing.TB, name string, args ...string) string {
	t.Helper()
	a := peers.Ask(t, name, args...)
	if !a.OK() {
		t.Fatalf("%s %s: exit status %d\n%s", name, strings.Join(args, " "), a.Status, a.Text)
	}
	return a.Text
}

// storescp runs DCMTK's storescp for one association after another, or for several at the same
// time, and returns its port and the directory of received files.
func storescp(t testing.TB, args ...string) (port int, dir string) {
	t.Helper()
	return peers.StartStorescp(t, append(args, "--fork")...)
}

func dial(t testing.TB, port int) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", peers.Address(port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func peerOptions(called string, instances ...part10.Meta) Options {
	return Options{Calling: "ORTHWEB", Called: called, Contexts: Propose(instances...)}
}

func open(t testing.TB, port int, o Options) *Association {
	t.Helper()
	a, err := Associate(context.Background(), dial(t, port), o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func store(a *Association, instance part10.TestInstance) (Status, error) {
	return a.Store(context.Background(), instance.Meta, bytes.NewReader(instance.File[instance.DataOffset:]))
}

// identity is the required part of the data set of someInstance, as octets.Parse reads it.
const identity = "0800 1600 'UI' 1a00 '1.2.840.10008.5.1.4.1.1.7' 00  0800 1800 'UI' 0600 '2.25.1' "

// newStudy returns a study with new UIDs.
func newStudy(instances int) []part10.TestInstance {
	var seed [32]byte
	copy(seed[:], fmt.Sprint(time.Now().UnixNano()))
	return part10.NewTestStudy(seed, time.Now(), instances)
}

func release(t testing.TB, a *Association) {
	t.Helper()
	if err := a.Release(context.Background()); err != nil {
		t.Error(err)
	}
}

// arrived compares the data set that a peer wrote with the sent one.
func arrived(t testing.TB, dir, uid string, want []byte) {
	t.Helper()
	names, _ := filepath.Glob(filepath.Join(dir, "*"+uid))
	if len(names) != 1 {
		t.Fatalf("%d files arrived for %s", len(names), uid)
	}
	file, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	meta, err := part10.ReadMeta(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(file[meta.DataOffset:], want) {
		t.Errorf("the data set of %s arrived changed", uid)
	}
}
