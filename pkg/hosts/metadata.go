//go:build linux || darwin

package hosts

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

var errHardLinks = errors.New("the file has several hard links, which a new file would not have")

// copyMetadata gives the new file the owner and the extended attributes of the hosts file,
// among which are SELinux's label and the access list. It has its mode already.
func copyMetadata(f *os.File, like state) error {
	want, ok := like.info.Sys().(*syscall.Stat_t)
	if !ok {
		return errors.ErrUnsupported
	}
	if want.Nlink > 1 {
		return errHardLinks
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if has := info.Sys().(*syscall.Stat_t); has.Uid != want.Uid || has.Gid != want.Gid {
		if err := f.Chown(int(want.Uid), int(want.Gid)); err != nil {
			return err
		}
	}
	old, err := openRegular(like.path, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer old.Close()
	return copyAttributes(int(f.Fd()), int(old.Fd()))
}

// copyAttributes also removes attributes that only the new file has, from its directory.
func copyAttributes(to, from int) error {
	wanted, err := attributes(from)
	if err != nil {
		return err
	}
	given, err := attributes(to)
	if err != nil {
		return err
	}
	for _, name := range given {
		if !slices.Contains(wanted, name) {
			if err := unix.Fremovexattr(to, name); err != nil {
				return err
			}
		}
	}
	for _, name := range wanted {
		value, err := read(func(into []byte) (int, error) { return unix.Fgetxattr(from, name, into) })
		if err != nil {
			return err
		}
		if has, err := read(func(into []byte) (int, error) { return unix.Fgetxattr(to, name, into) }); err == nil && bytes.Equal(has, value) {
			continue
		}
		if err := unix.Fsetxattr(to, name, value, 0); err != nil {
			return err
		}
	}
	return nil
}

func attributes(fd int) ([]string, error) {
	list, err := read(func(into []byte) (int, error) { return unix.Flistxattr(fd, into) })
	if errors.Is(err, unix.ENOTSUP) {
		return nil, nil
	}
	return strings.FieldsFunc(string(list), func(r rune) bool { return r == 0 }), err
}

// read requests the size first, as xattr(7) describes.
func read(get func(into []byte) (int, error)) ([]byte, error) {
	size, err := get(nil)
	if err != nil || size == 0 {
		return nil, err
	}
	value := make([]byte, size)
	size, err = get(value)
	return value[:max(size, 0)], err
}

// access returns why the process may not write to the file or directory, or nil.
func access(path string) error {
	return unix.Faccessat(unix.AT_FDCWD, path, unix.W_OK, unix.AT_EACCESS)
}
