package hosts

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// The reasons why Read and Update did not change the file; errors.Is finds them, and the
// system's errors.
var (
	// ErrMissing: the file does not exist.
	ErrMissing = errors.New("the hosts file does not exist")
	// ErrNotWritable: the file, or a file next to it, can't be written. With
	// fs.ErrPermission below it more permissions may help; with syscall.EROFS they don't.
	ErrNotWritable = errors.New("the hosts file can't be written")
	// ErrNotRegular: it is a directory, a device or another special file.
	ErrNotRegular = errors.New("not a regular file")
	// ErrTooLarge: it has, or would have, more than 16 MB.
	ErrTooLarge = errors.New("the hosts file is too large")
	// ErrConcurrentWrites: other programs kept changing the file.
	ErrConcurrentWrites = errors.New("the hosts file was changed concurrently")
)

// failed describes what was attempted at a path. If the file could not be written, it adds a
// hint.
func failed(trying, path string, err error) error {
	switch {
	case errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%w: %s %s: %w; its file system is read-only, so change the source of the file", ErrNotWritable, trying, path, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: %s %s: %w; run this as an administrator (with sudo)", ErrNotWritable, trying, path, err)
	}
	return fmt.Errorf("%s %s: %w", trying, path, err)
}
