package hosts

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// The reasons for Read and Update to leave the file as it is; errors.Is finds them,
// and what the system said.
var (
	// ErrMissing: the file does not exist.
	ErrMissing = errors.New("the hosts file does not exist")
	// ErrNotWritable: it, or a file beside it, may not be written. With
	// fs.ErrPermission below it more rights may help; with syscall.EROFS they don't.
	ErrNotWritable = errors.New("the hosts file can't be written")
	// ErrNotRegular: it is a directory, a device or the like.
	ErrNotRegular = errors.New("not a regular file")
	// ErrTooLarge: it has, or would have, more than 16 MB.
	ErrTooLarge = errors.New("the hosts file is too large")
	// ErrConcurrentWrites: other programs kept changing the file.
	ErrConcurrentWrites = errors.New("the hosts file was changed concurrently")
)

// failed says what was tried at a path. When it could not be written, it says what to
// do.
func failed(trying, path string, err error) error {
	switch {
	case errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%w: %s %s: %w; its file system is read-only, so change the source of the file", ErrNotWritable, trying, path, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: %s %s: %w; run this as an administrator (with sudo)", ErrNotWritable, trying, path, err)
	}
	return fmt.Errorf("%s %s: %w", trying, path, err)
}
