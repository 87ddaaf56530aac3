package peers

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// StartStorescp starts DCMTK's storescp with the AE title STORESCP, and returns its
// port and the directory that it writes to. Without "--fork" it serves one
// association at a time.
func StartStorescp(t testing.TB, args ...string) (port int, dir string) {
	t.Helper()
	port, dir = Port(t), t.TempDir()
	args = append(args, "--verbose", "--output-directory", dir, "--aetitle", "STORESCP", strconv.Itoa(port))
	Start(t, []int{port}, dir, "storescp", args...)
	return port, dir
}

// StartHAProxy starts HAProxy with the sections ("listen", "frontend", "backend"), after
// defaults that keep a connection for an hour. The sections may name files that the caller has
// written to dir. ports are the ports that the sections bind.
func StartHAProxy(t testing.TB, dir, sections string, ports ...int) *Server {
	t.Helper()
	const defaults = `global
  maxconn 500
  ssl-default-bind-options ssl-min-ver TLSv1.0
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
`
	name := filepath.Join(dir, "haproxy.cfg")
	if err := os.WriteFile(name, []byte(defaults+sections), 0o600); err != nil {
		t.Fatal(err)
	}
	return Start(t, ports, dir, "haproxy", "-db", "-f", name)
}
