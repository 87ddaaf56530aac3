package hosts

import (
	"errors"
	"io/fs"
	"os"
)

// writeBeside writes a new file next to the hosts file, and flushes it to the disk. It is alike
// when it has the mode, the owner and the extended attributes of the hosts file.
func writeBeside(path string, content []byte, like state) (alike bool, err error) {
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
	alike = copyMetadata(f, like) == nil
	step("sync " + f.Name())
	if err := f.Sync(); err != nil {
		return false, err
	}
	return alike, f.Close()
}
