package hosts

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// full is a small file system with a hosts file and no free block.
func full(t *testing.T, data string) string {
	t.Helper()
	dir := t.TempDir()
	mount(t, "", dir, "tmpfs", 0, "size=64k")
	path := filepath.Join(dir, "hosts")
	write(t, path, data)
	rest, err := os.Create(filepath.Join(dir, "rest"))
	if err != nil {
		t.Fatal(err)
	}
	defer rest.Close()
	for err == nil {
		_, err = rest.Write(make([]byte, 4096))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	return path
}

func TestFullDisk(t *testing.T) {
	if !isolated(t) {
		return
	}
	path := full(t, plainHosts)
	_, err := Update(t.Context(), path, adding("a"))
	if has := content(t, path); !errors.Is(err, syscall.ENOSPC) || has != plainHosts {
		t.Errorf("got %v; the file is %q", err, has)
	}
	if has := beside(t, path); has != "rest" {
		t.Errorf("beside the file is %s", has)
	}
	if err := os.Remove(filepath.Join(filepath.Dir(path), "rest")); err != nil {
		t.Fatal(err)
	}
	if _, err := Update(t.Context(), path, adding("a")); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

// TestFullDiskInPlace checks a disk that has space for the backup but not for the file: no byte
// of the file is lost, even temporarily.
func TestFullDiskInPlace(t *testing.T) {
	if !isolated(t) {
		return
	}
	old := strings.Repeat("#\n", 1000) + strings.Repeat("x", 2070) // all but a block
	source, path := full(t, old), hostsFile(t, "")
	mount(t, source, path, "", unix.MS_BIND, "")
	onStep(t, func(what string) {
		if has := content(t, source); strings.TrimRight(has, "\n") != old {
			t.Errorf("before it comes to %s, the file is %q", what, has)
		}
	})
	got, err := Update(t.Context(), path, adding("a"))
	if has := content(t, source); !errors.Is(err, syscall.ENOSPC) || got.Changed || has != old {
		t.Errorf("got %+v, %v; the file is %d bytes: %q", got, err, len(has), has)
	}
	if has := beside(t, path); has != "hosts.orthweb.bak" {
		t.Errorf("beside the file is %s", has)
	}
}
