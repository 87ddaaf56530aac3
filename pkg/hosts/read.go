package hosts

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// maxSize is larger than any real hosts file: a blocklist of 100,000 names has 3 MB.
const maxSize = 16 << 20

// state is a hosts file at a point in time.
type state struct {
	path string // with links resolved
	info fs.FileInfo
	data []byte
}

// Read is the content of the hosts file at the path. Errors are ErrMissing,
// ErrNotRegular, ErrTooLarge, and the system's.
func Read(path string) ([]byte, error) {
	real, err := realPath(path)
	if err != nil {
		return nil, err
	}
	s, err := readState(real)
	return s.data, err
}

// Create creates an empty hosts file, for machines without one. It is an error if the path
// exists.
func Create(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return failed("creating", path, err)
	}
	return f.Close()
}

// Writable returns why the hosts file at the path can't be written, or nil. Its directory
// must be writable, too, for the files next to it. Errors are ErrNotWritable, ErrMissing
// and the system's.
func Writable(path string) error {
	real, err := realPath(path)
	if err != nil {
		return err
	}
	for _, path := range []string{real, filepath.Dir(real)} {
		if err := access(path); err != nil {
			return failed("writing to", path, err)
		}
	}
	return nil
}

// realPath follows links to the file itself.
func realPath(path string) (string, error) {
	real, err := filepath.EvalSymlinks(path)
	if err == nil {
		real, err = filepath.Abs(real)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%w: reading %s: %w; check the path, or create the file", ErrMissing, path, err)
	}
	if err != nil {
		return "", fmt.Errorf("finding the hosts file: %w", err)
	}
	return real, nil
}

func readState(real string) (state, error) {
	f, err := openRegular(real, os.O_RDONLY, 0)
	if errors.Is(err, ErrNotRegular) {
		return state{}, fmt.Errorf("%w; specify the path of a hosts file", err)
	}
	if err != nil {
		return state{}, fmt.Errorf("reading the hosts file: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return state{}, fmt.Errorf("reading the hosts file: %w", err)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return state{}, fmt.Errorf("reading the hosts file: %w", err)
	}
	return state{real, info, data}, checkSize(real, data)
}

func checkSize(path string, data []byte) error {
	if len(data) > maxSize {
		return fmt.Errorf("%w: %s has more than %d MB; check its content", ErrTooLarge, path, maxSize>>20)
	}
	return nil
}
