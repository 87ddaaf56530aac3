package hosts

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// lock excludes other programs that use this package from the file until unlock is called.
// It is the system's lock on a file next to it, so that it ends with the process.
func lock(ctx context.Context, real string) (unlock func(), err error) {
	path := real + lockSuffix
	for {
		file, err := openLocked(ctx, path)
		if err != nil {
			return nil, err
		}
		// The previous holder removed the file, so this lock protects nothing.
		mine, mineErr := file.Stat()
		there, thereErr := os.Lstat(path)
		if mineErr == nil && thereErr == nil && os.SameFile(mine, there) {
			return func() {
				_ = os.Remove(path) // Windows keeps an open file, which is harmless
				_ = file.Close()
			}, nil
		}
		_ = file.Close()
	}
}

// openLocked waits for the file's lock as long as the context allows.
func openLocked(ctx context.Context, path string) (*lockedfile.File, error) {
	if err := checkRegular(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, failed("locking", path, besideError(path, err))
	}
	type opened struct {
		file *lockedfile.File
		err  error
	}
	wait := make(chan opened, 1)
	go func() {
		file, err := lockedfile.OpenFile(path, os.O_RDWR|os.O_CREATE|asItIs, 0o600)
		wait <- opened{file, err}
	}()
	select {
	case got := <-wait:
		if got.err != nil {
			return nil, failed("locking", path, got.err)
		}
		return got.file, nil
	case <-ctx.Done():
		go func() {
			if got := <-wait; got.file != nil {
				_ = got.file.Close()
			}
		}()
		return nil, fmt.Errorf("waiting for another program that has locked %s: %w", path, context.Cause(ctx))
	}
}
