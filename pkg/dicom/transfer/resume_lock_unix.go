//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package transfer

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// tryLock locks the file for this run, until it is closed or the process ends. It returns
// errInUse when another run has it locked. Package hosts waits for its lock; a transfer may
// take hours, so this does not wait.
func tryLock(f *os.File) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return lockFailed(err)
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		for {
			failed = unix.Flock(int(fd), unix.LOCK_EX|unix.LOCK_NB)
			if !errors.Is(failed, unix.EINTR) {
				return
			}
		}
	})
	switch {
	case err != nil:
		return lockFailed(err)
	case errors.Is(failed, unix.EWOULDBLOCK):
		return errInUse
	case failed != nil:
		return lockFailed(failed)
	}
	return nil
}
