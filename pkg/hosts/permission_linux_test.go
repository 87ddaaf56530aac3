package hosts

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// asNobody drops root's rights from the process until the test ends.
func asNobody(t *testing.T) {
	t.Helper()
	if err := syscall.Setresuid(-1, 65534, -1); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Setresuid(-1, 0, -1); err != nil {
			t.Fatal(err)
		}
	})
}

// TestNotPermitted runs as a user who may only read the file, or who may not write to it but to
// its directory.
func TestNotPermitted(t *testing.T) {
	if os.Geteuid() == 0 {
		dir := t.TempDir()
		if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, mode := range []fs.FileMode{0o555, 0o777} {
		path := hostsFile(t, plainHosts)
		for p, mode := range map[string]fs.FileMode{path: 0o444, filepath.Dir(path): mode} {
			if err := os.Chmod(p, mode); err != nil {
				t.Fatal(err)
			}
		}
		t.Run(mode.String(), func(t *testing.T) {
			if os.Geteuid() == 0 {
				asNobody(t)
			}
			_, err := Update(t.Context(), path, adding("a"))
			for _, err := range []error{err, Writable(path)} {
				if !errors.Is(err, ErrNotWritable) || !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "sudo") {
					t.Errorf("got %v", err)
				}
			}
			if has := beside(t, path); has != "" || content(t, path) != plainHosts {
				t.Errorf("beside the file is %s, it is %q", has, content(t, path))
			}
		})
		// The directory must be writable again for its removal.
		if err := os.Chmod(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}
