package atomicfile

import (
	"io/fs"
	"os"
)

// disk is the file system as this package uses it. Tests use one whose steps fail.
type disk interface {
	openUnnamed(dir string) (*os.File, error)
	createTemporary(dir string) (*os.File, error)
	// finish sets the mode of a written file, and waits until the file is on the disk.
	finish(file *os.File, mode fs.FileMode) error
	// nameUnnamed never replaces another file.
	nameUnnamed(file *os.File, path string) error
	lstat(path string) (fs.FileInfo, error)
	// reserve creates an empty file if the path does not exist.
	reserve(path string) error
	link(from, to string) error
	rename(from, to string) error
	remove(path string) error
	syncDirectory(dir string) error
}

// systemDisk is the disk of the operating system.
type systemDisk struct{}

func (systemDisk) openUnnamed(dir string) (*os.File, error) { return openUnnamed(dir) }

func (systemDisk) createTemporary(dir string) (*os.File, error) {
	return os.CreateTemp(dir, ".orthweb-*") // 0600
}

func (systemDisk) finish(file *os.File, mode fs.FileMode) error {
	if err := file.Chmod(mode); err != nil {
		return err
	}
	return file.Sync()
}

func (systemDisk) nameUnnamed(file *os.File, path string) error { return nameUnnamed(file, path) }

func (systemDisk) lstat(path string) (fs.FileInfo, error) { return os.Lstat(path) }

func (systemDisk) reserve(path string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return file.Close()
}

func (systemDisk) link(from, to string) error { return os.Link(from, to) }

func (systemDisk) rename(from, to string) error { return os.Rename(from, to) }

func (systemDisk) remove(path string) error { return os.Remove(path) }

// syncDirectory makes the names in a directory durable. Windows does not support it.
func (systemDisk) syncDirectory(dir string) error {
	opened, err := os.Open(dir)
	if err != nil {
		return err
	}
	_ = opened.Sync()
	return opened.Close()
}
