package transfer

import (
	"os"
	"path/filepath"
	"testing"
)

// TestTransferOfPathsThatAreNotUTF8 sends such files once, and recognizes them the next time.
// File names of other systems are Unicode.
func TestTransferOfPathsThatAreNotUTF8(t *testing.T) {
	dir := study(t, 2)
	for i, name := range []string{"0000.dcm", "0001.dcm"} {
		if err := os.Rename(filepath.Join(dir, name), filepath.Join(dir, "latin1-"+string([]byte{byte(0xe4 + i)}))); err != nil {
			t.Fatal(err)
		}
	}
	p := (&peer{}).listen(t)
	o := to(p, dir)
	o.Resume, o.Server = filepath.Join(t.TempDir(), "resume"), "bhs"
	if r, err := Files(t.Context(), o); err != nil || r.Stored != 2 {
		t.Fatalf("stored %d, %v", r.Stored, err)
	}
	if r, err := Files(t.Context(), o); err != nil || r.Stored != 0 || r.Before != 2 || len(r.Studies["1.2.3"]) != 2 {
		t.Errorf("then stored %d, %d before, %v", r.Stored, r.Before, err)
	}
}
