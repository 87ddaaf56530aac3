//go:build peers

package transfer

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
)

// TestPeers runs TestInside beside real peers, in a network of its own.
func TestPeers(t *testing.T) {
	cmd := exec.Command("../../../bench/peers", t.TempDir(), os.Args[0], "-test.run=^TestInside", "-test.v")
	cmd.Env = append(os.Environ(), "ORTHWEB_INSIDE=1")
	out, err := cmd.CombinedOutput()
	if err != nil || bytes.Count(out, []byte("--- PASS: TestInside")) != 1 {
		t.Fatalf("%v\n%s", err, out)
	}
}

// images writes test images of two studies.
func images(t *testing.T, n int) string {
	dir := t.TempDir()
	for i := range 2 {
		for j, image := range part10.NewTestStudy([32]byte{byte(i), byte(n)}, time.Unix(1_700_000_000, 0), n/2) {
			write(t, image.File, dir, fmt.Sprintf("%d-%04d.dcm", i, j))
		}
	}
	return dir
}

func inside(t *testing.T, address string, paths ...string) Options {
	if os.Getenv("ORTHWEB_INSIDE") == "" {
		t.Skip("TestPeers runs it")
	}
	return Options{
		Paths: paths, Calling: "ORTHWEB", Called: "ORTHANC",
		Dial: func(ctx context.Context) (net.Conn, error) { return (&net.Dialer{}).DialContext(ctx, "tcp", address) },
	}
}

// TestInsideStorescp sends to DCMTK's storescp, which forks for each association,
// and compares every data set with what it wrote.
func TestInsideStorescp(t *testing.T) {
	dir := images(t, 60)
	o := inside(t, "127.0.0.1:11113", dir)
	into := t.TempDir()
	storescp := exec.Command("storescp", "--fork", "-od", into, "--bit-preserving", "11113")
	if err := storescp.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = storescp.Process.Kill(); _ = storescp.Wait() }()
	o.Backoff = wait.Backoff{Duration: 100 * time.Millisecond, Factor: 3, Steps: 4}
	r, err := Files(t.Context(), o)
	if err != nil || r.Stored != 60 {
		t.Fatalf("stored %d, failed %v, %v", r.Stored, r.Failed, err)
	}
	sent, _ := filepath.Glob(filepath.Join(dir, "*"))
	arrived := map[string]bool{}
	written, _ := filepath.Glob(filepath.Join(into, "*"))
	for _, path := range written {
		arrived[dataSet(t, path)] = true
	}
	for _, path := range sent {
		if !arrived[dataSet(t, path)] {
			t.Errorf("%s did not arrive as it is", path)
		}
	}
}

func dataSet(t *testing.T, path string) string {
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	meta, err := part10.ReadMeta(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	return string(content[meta.DataOffset:])
}
