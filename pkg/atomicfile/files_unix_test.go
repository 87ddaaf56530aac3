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

// TestModes: nobody else can read a file while it is written, whatever it is to
// be, and whatever the umask.
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

// limited is set in a process of its own, whose files may have 8 KiB at most:
// a disk that is full.
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
