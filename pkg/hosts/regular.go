package hosts

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// openRegular opens the regular file at the path. It does not open a link, a pipe or a
// device: opening a pipe may block forever, and a link points to another file. Flags of
// open(2) also prevent it, because the file may be replaced in the meantime.
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

// checkRegular is ErrNotRegular unless the path is a regular file.
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

// readBeside is the content of a file next to the hosts file. The error is fs.ErrNotExist
// if the path does not exist.
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

// besideError adds a hint if another file is at the path of one of this program's files.
func besideError(path string, err error) error {
	if errors.Is(err, ErrNotRegular) {
		return fmt.Errorf("%s is not the file that kubectl-orthweb keeps at this path: %v; remove it, and try again", path, err) //nolint:errorlint // the hosts file itself is one
	}
	return err
}
