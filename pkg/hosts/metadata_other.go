//go:build !linux && !darwin

package hosts

import (
	"errors"
	"os"
)

// copyMetadata can't copy the access list of a file on these systems. The hosts file is
// overwritten instead, and so keeps it.
func copyMetadata(*os.File, state) error { return errors.ErrUnsupported }

// access returns why the process may not write to the file or directory, or nil. On Windows,
// only an attempt shows it.
func access(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.IsDir() {
		probe, err := os.CreateTemp(path, "hosts"+newSuffix)
		if err != nil {
			return err
		}
		_ = probe.Close()
		return os.Remove(probe.Name())
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return f.Close()
}
