package transfer

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// tryLock locks the file for this run, until it is closed or the process ends. It returns
// errInUse when another run has it locked. Windows prevents other programs from reading what
// is locked, so only a byte far after the content is locked.
func tryLock(f *os.File) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return lockFailed(err)
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
		failed = windows.LockFileEx(windows.Handle(fd), flags, 0, 1, 0, &windows.Overlapped{OffsetHigh: 1 << 30})
	})
	switch {
	case err != nil:
		return lockFailed(err)
	case errors.Is(failed, windows.ERROR_LOCK_VIOLATION), errors.Is(failed, windows.ERROR_IO_PENDING):
		return errInUse
	case failed != nil:
		return lockFailed(failed)
	}
	return nil
}
