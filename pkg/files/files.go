// Package files writes files whole or not at all. Several that belong together,
// as a key and its certificate do, are all there afterwards or none is.
package files

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// File is one to write.
type File struct {
	Path string
	// Mode is the finished file's. While it is written nobody but its owner can
	// read it, whatever the mode and the umask.
	Mode fs.FileMode
	// Write gives the content.
	Write func(io.Writer) error
}

// ExistsError is a file that is there already and was not to be replaced.
type ExistsError struct{ Path string }

func (e *ExistsError) Error() string { return e.Path + " exists already" }

// Vacant returns an *ExistsError when there is something at one of the paths.
func Vacant(paths ...string) error {
	for _, path := range paths {
		if _, err := os.Lstat(path); err == nil {
			return &ExistsError{path}
		}
	}
	return nil
}

// Create writes the files, each to a temporary one beside it, which is synced
// and takes the file's name once all of them are on the disk. When that fails
// for one, those before it are taken back.
//
// Without replace it returns an *ExistsError, and changes nothing, when one of
// them is there. A directory that is missing is an error.
func Create(replace bool, list ...File) error {
	paths := make([]string, len(list))
	for i, f := range list {
		paths[i] = f.Path
	}
	if !replace {
		if err := Vacant(paths...); err != nil {
			return err
		}
	}
	set := &set{}
	defer set.clean()
	for _, f := range list {
		if err := set.stage(f); err != nil {
			return fmt.Errorf("writing %s: %w", f.Path, err)
		}
	}
	for i := range set.staged {
		if err := set.staged[i].place(replace); err != nil {
			return errors.Join(err, set.undo(i))
		}
	}
	return set.sync()
}

// set is several files on their way.
type set struct{ staged []staged }

// undo takes the first n files back; what they replaced is there again.
func (s *set) undo(n int) error {
	var errs []error
	for _, f := range s.staged[:n] {
		if f.before == "" {
			errs = append(errs, os.Remove(f.path))
		} else {
			errs = append(errs, os.Rename(f.before, f.path))
		}
	}
	return errors.Join(errs...)
}

// clean removes what is not needed any more. A rename has taken some of it.
func (s *set) clean() {
	for _, f := range s.staged {
		_ = f.file.Close()
		if f.temporary != "" {
			_ = os.Remove(f.temporary)
		}
		if f.before != "" {
			_ = os.Remove(f.before)
		}
	}
}

// sync makes the names last, where the system can sync a directory.
func (s *set) sync() error {
	for _, f := range s.staged {
		dir, err := os.Open(filepath.Dir(f.path))
		if err != nil {
			return fmt.Errorf("syncing the directory of %s: %w", f.path, err)
		}
		_ = dir.Sync() // Windows can't
		_ = dir.Close()
	}
	return nil
}

// plain takes the temporary file's name, which nobody knows, out of an error.
func plain(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	var link *os.LinkError
	if errors.As(err, &link) {
		return link.Err
	}
	return err
}
