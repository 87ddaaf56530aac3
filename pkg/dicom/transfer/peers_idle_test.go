//go:build peers

package transfer

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/digihunch/kubectl-orthweb/internal/peers"
)

// startImpatient starts HAProxy in front of a port. It closes a connection on which the
// side, "client" or "server", sends nothing for 300 ms.
func startImpatient(t *testing.T, behind int, side string) (port int, log func() string) {
	t.Helper()
	port = peers.Port(t)
	server := peers.StartHAProxy(t, t.TempDir(), `listen dicom
  bind `+peers.Address(port)+`
  log stdout format raw local0
  option tcplog
  timeout `+side+` 300ms
  server peer `+peers.Address(behind)+"\n", port)
	return port, server.Log
}

// TestPeersIdleTimeout leaves an association idle for longer than the proxy's timeout. The next
// file must be sent again over another association, with the reason reported.
func TestPeersIdleTimeout(t *testing.T) {
	behind, into := peers.StartStorescp(t)
	port, log := startImpatient(t, behind, "client")
	dir := images(t, 2)
	tr := newTransfer(toPort(port, "STORESCP", dir))
	tr.idle = time.Hour
	list, _ := filepath.Glob(filepath.Join(dir, "*"))
	files := make([]file, len(list))
	for i, path := range list {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		files[i] = file{path: path, size: info.Size(), modified: info.ModTime()}
		if err := (&scanner{transfer: tr, ctx: t.Context()}).look(&files[i]); err != nil {
			t.Fatal(err)
		}
	}
	tr.round(t.Context(), func(q *queue) {
		before := strings.Count(log(), " cD ")
		_ = q.put(files[0])
		// HAProxy logs a session with its reason when it ends: the client timeout.
		if err := wait.PollUntilContextTimeout(t.Context(), time.Millisecond, 20*time.Second, true, func(context.Context) (bool, error) {
			return strings.Count(log(), " cD ") != before, nil
		}); err != nil {
			t.Error("the proxy closed nothing")
		}
		_ = q.put(files[1])
	})
	failed := tr.takeFailed()
	if tr.done.Stored != 1 || len(failed) != 1 || !strings.Contains(failed[0].why.Error(), "which suggests an idle timeout") {
		t.Fatalf("stored %d, failed %v", tr.done.Stored, failed)
	}
	tr.round(t.Context(), func(q *queue) { _ = q.put(failed[0].file) })
	written, _ := filepath.Glob(filepath.Join(into, "*"))
	if tr.done.Stored != 2 || len(written) != 2 {
		t.Errorf("stored %d, the peer has %d", tr.done.Stored, len(written))
	}
}

// TestPeersSlowerThanProxy has a peer that takes longer to store than the proxy's timeout: no
// client can store there, and the error must include the elapsed time.
func TestPeersSlowerThanProxy(t *testing.T) {
	behind, _ := peers.StartStorescp(t, "--sleep-during", "1")
	port, _ := startImpatient(t, behind, "server")
	dir := images(t, 2)
	scu := peers.Ask(t, "storescu", "-aec", "STORESCP", "+sd", "127.0.0.1", strconv.Itoa(port), dir)
	r, err := Files(t.Context(), toPort(port, "STORESCP", dir))
	if scu.OK() || err != nil || r.Stored != 0 || len(r.Failed) != 2 {
		t.Fatalf("stored %d, failed %v, %v; storescu: %+v", r.Stored, r.Failed, err, scu)
	}
	if !strings.Contains(r.Failed[0].Reason, "of waiting without traffic") {
		t.Errorf("failed because %q", r.Failed[0].Reason)
	}
}
