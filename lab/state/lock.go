package state

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// Lock prevents other commands from starting or stopping the lab in dir at the same time. The
// lock file is next to dir, because dir may not exist; the returned function or, at the latest,
// the end of this process releases it.
func Lock(dir string) (unlock func(), err error) {
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return nil, fmt.Errorf("creating %s: %w", parent, err)
	}
	path := filepath.Join(parent, "."+filepath.Base(dir)+".lock")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the lab's lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("another orthweb-lab is starting or stopping the lab in %s: wait for it", dir)
		}
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	return func() {
		// The file is removed while it is locked, so that no process waits on a removed file.
		_ = os.Remove(path)
		_ = f.Close()
	}, nil
}
