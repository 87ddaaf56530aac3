//go:build peers

package transfer

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/internal/peers"
	"github.com/digihunch/kubectl-orthweb/pkg/dicom"
	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
)

// toPort are options for sending to a real peer as the command does: with its default waits and
// number of associations.
func toPort(port int, called string, paths ...string) Options {
	return Options{
		Paths: paths, Calling: "ORTHWEB", Called: called,
		Dial: func(ctx context.Context) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", peers.Address(port))
		},
	}
}

// within is the time limit for sending: hundreds of times the usual duration, and a third of
// the shortest wait that a stalled association had.
const within = 10 * time.Second

// storesAll sends with storescu and with this program to the same peer, and requires that this
// program stores all files, without a wait for an association that has none.
func storesAll(t *testing.T, port int, called, dir string, n int) {
	t.Helper()
	began := time.Now()
	scu := peers.Ask(t, "storescu", "-aec", called, "+sd", "127.0.0.1", strconv.Itoa(port), dir)
	took := time.Since(began)
	if !scu.OK() {
		t.Fatalf("storescu: exit status %d\n%s", scu.Status, scu.Text)
	}
	r, err := Files(t.Context(), toPort(port, called, dir))
	if err != nil || r.Stored != n || len(r.Failed) != 0 {
		t.Errorf("stored %d of %d, failed %v, %v", r.Stored, n, r.Failed, err)
	}
	if r.Took > took+within {
		t.Errorf("%d files took %s; storescu took %s", n, r.Took, took)
	}
	t.Logf("%d files took %s; storescu took %s", n, r.Took, took)
}

// TestPeersStorescpWithoutFork sends to a peer that serves one association at a time and keeps
// others in the backlog of its socket, without an answer.
func TestPeersStorescpWithoutFork(t *testing.T) {
	for _, n := range []int{2, 8, 200} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			port, into := peers.StartStorescp(t)
			storesAll(t, port, "STORESCP", images(t, n), n)
			written, _ := filepath.Glob(filepath.Join(into, "*"))
			if len(written) != n {
				t.Errorf("the peer has %d files", len(written))
			}
		})
	}
}

// startDcmqrscp starts DCMTK's archive, which rejects an association beyond its limit
// with "local-limit-exceeded".
func startDcmqrscp(t *testing.T, limit int) (port int, log func() string) {
	t.Helper()
	port = peers.Port(t)
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "db"), 0o755); err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf(`NetworkTCPPort = %d
MaxPDUSize = 16384
MaxAssociations = %d
HostTable BEGIN
HostTable END
VendorTable BEGIN
VendorTable END
AETable BEGIN
QRSCP %s RW (500, 1024mb) ANY
AETable END
`, port, limit, filepath.Join(dir, "db"))
	write(t, []byte(config), dir, "dcmqrscp.cfg")
	server := peers.Start(t, []int{port}, dir, "dcmqrscp", "-v", "-c", filepath.Join(dir, "dcmqrscp.cfg"))
	return port, server.Log
}

// TestPeersAssociationLimit sends to an archive that accepts one more association and rejects
// others as transient: some associations fail, but no file does. With a limit of two, another
// client has one of them.
//
// Two associations that store in dcmqrscp at the same time are no test of this program: each
// is a process of its own, and both choose the names of files from the same time in seconds
// (makeNewStoreFileName in dcmqrdbi.cc of DCMTK 3.6.7), so that one overwrites the other's.
func TestPeersAssociationLimit(t *testing.T) {
	for _, limit := range []int{1, 2} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			port, log := startDcmqrscp(t, limit)
			for range limit - 1 {
				associate(t, port)
			}
			storesAll(t, port, "QRSCP", images(t, 60), 60)
			if !strings.Contains(log(), "Refusing Association (TooManyAssociations)") {
				t.Error("the peer rejected no association: this is no test of its limit")
			}
		})
	}
}

// associate opens an association that the test keeps until its end.
func associate(t *testing.T, port int) {
	t.Helper()
	conn, err := net.Dial("tcp", peers.Address(port))
	if err != nil {
		t.Fatal(err)
	}
	association, err := dicom.Associate(t.Context(), conn, dicom.Options{
		Calling: "OTHER", Called: "QRSCP",
		Contexts: []dicom.Proposal{{AbstractSyntax: part10.Verification, TransferSyntaxes: []string{part10.ImplicitVRLittleEndian}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(association.Abort)
}
