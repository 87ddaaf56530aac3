package hosts

import (
	"errors"
	"io/fs"
	"os"
	"runtime"
	"syscall"
)

// put writes a new file beside the hosts file, and waits until the disk has it. It is
// alike when it has the mode, the owner and the extended attributes of the hosts file.
func put(path string, content []byte, like state) (alike bool, err error) {
	step("remove old " + path)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, failed("removing the old", path, err)
	}
	step("create " + path)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return false, failed("creating", path, err)
	}
	alike, err = fill(f, content, like)
	if err != nil {
		_ = os.Remove(path)
		return false, failed("writing", path, err)
	}
	return alike, nil
}

func fill(f *os.File, content []byte, like state) (alike bool, err error) {
	defer f.Close()
	step("write " + f.Name())
	if _, err := f.Write(content); err != nil {
		return false, err
	}
	step("set attributes of " + f.Name())
	if err := f.Chmod(like.info.Mode()); err != nil {
		return false, err
	}
	alike = imitate(f, like) == nil
	step("sync " + f.Name())
	if err := f.Sync(); err != nil {
		return false, err
	}
	return alike, f.Close()
}

// backup keeps the file as it is. What of owner and attributes the copy can't have it
// does without.
func backup(s state) error {
	path := s.path + backupSuffix
	fresh := path + newSuffix
	if _, err := put(fresh, s.data, s); err != nil {
		return err
	}
	step("rename " + path)
	if err := os.Rename(fresh, path); err != nil {
		_ = os.Remove(fresh)
		return failed("replacing", path, err)
	}
	return syncDirectory(path)
}

// unmovable is what rename(2) says of a file that is a mount of its own.
func unmovable(err error) bool {
	return errors.Is(err, syscall.EBUSY) || errors.Is(err, syscall.EXDEV)
}

// unsyncable is what fsync(2) says of directories where there is nothing to wait for.
func unsyncable(err error) bool {
	return errors.Is(err, syscall.EINVAL) || runtime.GOOS == "windows"
}
