package hosts

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
)

var errChanged = errors.New("the file was changed in the meantime")

// replace writes the new content to a file next to it and renames that, if possible.
func replace(before state, after []byte) (inPlace bool, err error) {
	if err := Writable(before.path); err != nil {
		return false, err
	}
	if err := backup(before); err != nil {
		return false, err
	}
	fresh := before.path + newSuffix
	alike, err := writeBeside(fresh, after, before)
	if err != nil {
		return false, err
	}
	defer os.Remove(fresh) // after a rename, it no longer exists
	if alike {
		if err := before.unchanged(); err != nil {
			return false, err
		}
		step("rename")
		err := os.Rename(fresh, before.path)
		if err == nil {
			return false, syncDirectory(before.path)
		}
		if !unmovable(err) {
			return false, failed("replacing", before.path, err)
		}
	}
	return true, replaceInPlace(before, after, fresh)
}

// unchanged is errChanged when the file differs from before.
func (s state) unchanged() error {
	now, err := readState(s.path)
	if err != nil {
		return err
	}
	if !os.SameFile(s.info, now.info) || !s.info.ModTime().Equal(now.info.ModTime()) || s.info.Mode() != now.info.Mode() || !bytes.Equal(s.data, now.data) {
		return errChanged
	}
	return nil
}

// syncDirectory makes a rename durable.
func syncDirectory(path string) error {
	step("sync directory")
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return failed("opening", filepath.Dir(path), err)
	}
	defer dir.Close()
	if err := dir.Sync(); err != nil && !unsyncable(err) {
		return fmt.Errorf("%s is written, but may be lost if the machine stops now: %w", path, err)
	}
	return nil
}

// unsyncable reports whether it is fsync(2)'s error for directories that need no flush.
func unsyncable(err error) bool {
	return errors.Is(err, syscall.EINVAL) || runtime.GOOS == "windows"
}

// unmovable reports whether it is rename(2)'s error for a file that is a mount point.
func unmovable(err error) bool {
	return errors.Is(err, syscall.EBUSY) || errors.Is(err, syscall.EXDEV)
}

// backup copies the file, with as many of its owner and attributes as possible.
func backup(s state) error {
	path := s.path + backupSuffix
	fresh := s.path + newBackupSuffix
	if _, err := writeBeside(fresh, s.data, s); err != nil {
		return err
	}
	step("rename " + path)
	if err := os.Rename(fresh, path); err != nil {
		_ = os.Remove(fresh)
		return failed("replacing", path, err)
	}
	return syncDirectory(path)
}
