package atomicfile

import (
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// openUnnamed opens a file that has no name yet (O_TMPFILE in open(2)), so that nothing
// remains of it if this process is killed. Not every file system and container supports that:
// then it returns an error, and the caller uses a file with a name.
func openUnnamed(dir string) (*os.File, error) {
	fd, err := unix.Open(dir, unix.O_TMPFILE|unix.O_WRONLY|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(procPath(fd)); err != nil { // without /proc, it could never be named
		return nil, fmt.Errorf("%w: %w", err, unix.Close(fd))
	}
	return os.NewFile(uintptr(fd), dir), nil
}

// nameUnnamed gives the file its name; it never replaces another.
func nameUnnamed(file *os.File, path string) error {
	err := unix.Linkat(unix.AT_FDCWD, procPath(int(file.Fd())), unix.AT_FDCWD, path, unix.AT_SYMLINK_FOLLOW)
	if err != nil {
		return &fs.PathError{Op: "link", Path: path, Err: err}
	}
	return nil
}

func procPath(fd int) string { return fmt.Sprintf("/proc/self/fd/%d", fd) }
