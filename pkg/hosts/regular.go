package hosts

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// openRegular opens the ordinary file at the path. What else is there, a link, a pipe, a
// device, is not opened: to open a pipe may take for ever, and a link leads to another
// file. The kernel is told so as well, as the file may be replaced meanwhile.
func openRegular(path string, flag int, perm fs.FileMode) (*os.File, error) {
	if err := checkRegular(path); err != nil && !(errors.Is(err, fs.ErrNotExist) && flag&os.O_CREATE != 0) {
		return nil, err
	}
	f, err := os.OpenFile(path, flag|asItIs, perm)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = notRegularError(path, info.Mode())
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// checkRegular is ErrNotRegular when anything but an ordinary file is at the path.
func checkRegular(path string) error {
	info, err := os.Lstat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = notRegularError(path, info.Mode())
	}
	return err
}

func notRegularError(path string, mode fs.FileMode) error {
	return fmt.Errorf("%w: %s is a %v", ErrNotRegular, path, mode.Type())
}

// readBeside is the content of a file beside the hosts file. The error is fs.ErrNotExist
// when there is nothing at the path.
func readBeside(path string) ([]byte, error) {
	f, err := openRegular(path, os.O_RDONLY, 0)
	if err != nil {
		return nil, besideError(path, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err == nil {
		err = checkSize(path, data)
	}
	return data, err
}

// besideError says what to do about something that is in the place of a file of this
// program's.
func besideError(path string, err error) error {
	if errors.Is(err, ErrNotRegular) {
		return fmt.Errorf("%s is not the file that kubectl-orthweb keeps at this path: %v; remove it, and try again", path, err) //nolint:errorlint // the hosts file itself is one
	}
	return err
}
