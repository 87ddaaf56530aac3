//go:build peers

package transfer

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/internal/peers"
	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
)

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

// TestPeersStorescp sends to DCMTK's storescp, which forks for each association, and
// compares every data set with what it wrote.
func TestPeersStorescp(t *testing.T) {
	dir := images(t, 60)
	port, into := peers.StartStorescp(t, "--fork", "--bit-preserving")
	r, err := Files(t.Context(), toPort(port, "STORESCP", dir))
	if err != nil || r.Stored != 60 {
		t.Fatalf("stored %d, failed %v, %v", r.Stored, r.Failed, err)
	}
	sent, _ := filepath.Glob(filepath.Join(dir, "*"))
	arrived := map[string]bool{}
	written, _ := filepath.Glob(filepath.Join(into, "*"))
	for _, path := range written {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			arrived[dataSet(t, path)] = true
		}
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
