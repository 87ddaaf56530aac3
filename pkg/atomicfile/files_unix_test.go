//go:build unix

package atomicfile

import (
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestModes checks that no other user can read a file during the write, with any mode and any
// umask.
func TestModes(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	during := fs.FileMode(0)
	err := Create(false, File{Path: path, Mode: 0o644, Write: func(w io.Writer) error {
		info, err := w.(*os.File).Stat()
		if err == nil {
			during = info.Mode().Perm()
		}
		return err
	}})
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o644 || during != 0o600 {
		t.Errorf("%v during, %v after, %v", during, info.Mode(), err)
	}
}

// limited is set in a separate process whose files can have at most 8 KiB, like a full disk.
const limited = "FILES_TEST_LIMITED"

func TestFullDisk(t *testing.T) {
	if dir := os.Getenv(limited); dir != "" {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 8192, Max: 8192}); err != nil {
			t.Fatal(err)
		}
		err := Create(false, text(filepath.Join(dir, "a"), "1"), text(filepath.Join(dir, "b"), strings.Repeat("x", 100_000)))
		if err == nil || !strings.Contains(err.Error(), "b: file too large") {
			t.Fatalf("%v", err)
		}
		return
	}
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run=^TestFullDisk$")
	cmd.Env = append(os.Environ(), limited+"="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	holds(t, dir, map[string]string{})
}
