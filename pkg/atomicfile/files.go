// Package atomicfile writes files whole or not at all. Several that belong together,
// as a key and its certificate do, are all there afterwards or none is.
package atomicfile

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
	// Mode is the finished file's. While it is written only its owner can read it, for any
	// mode and umask.
	Mode fs.FileMode
	// Write gives the content.
	Write func(io.Writer) error
}

// ExistsError is a file that is there already and was not to be replaced.
type ExistsError struct{ Path string }

func (e *ExistsError) Error() string { return e.Path + " already exists" }

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
// for one, each path has again what it had before. If that can't be restored, the
// error says where it is.
//
// Without replace it returns an *ExistsError, and changes nothing, when one of
// them is there. A directory that is missing is an error.
func Create(replace bool, list ...File) error { return create(systemDisk{}, replace, list) }

func create(on disk, replace bool, list []File) error {
	paths := make([]string, len(list))
	for i, f := range list {
		paths[i] = f.Path
	}
	if !replace {
		if err := Vacant(paths...); err != nil {
			return err
		}
	}
	if err := checkRegular(paths); err != nil {
		return err
	}
	set := &set{disk: on}
	defer set.clean()
	for _, f := range list {
		if err := set.stage(f); err != nil {
			return fmt.Errorf("writing %s: %w", f.Path, err)
		}
	}
	for i := range set.staged {
		// After the last one nothing is left that may fail.
		undo := i < len(set.staged)-1
		if err := set.staged[i].place(replace, undo); err != nil {
			return set.undo(i, err)
		}
	}
	set.sync()
	return nil
}

// checkRegular refuses to replace what is not a file: a device or a pipe would be gone.
func checkRegular(paths []string) error {
	for _, path := range paths {
		info, err := os.Lstat(path)
		if err == nil && info.Mode()&(fs.ModeDevice|fs.ModeNamedPipe|fs.ModeSocket) != 0 {
			return fmt.Errorf("writing %s: it is a device or a pipe, not a file", path)
		}
	}
	return nil
}

// set is several files on their way.
type set struct {
	disk   disk
	staged []staged
}

// undo restores what file i and those before it have replaced, the last one first. To why
// it adds what can't be restored.
func (s *set) undo(i int, why error) error {
	for ; i >= 0; i-- {
		if err := s.staged[i].restore(); err != nil {
			why = fmt.Errorf("%w; %w", why, err)
		}
	}
	return why
}

// clean removes what is no longer needed.
func (s *set) clean() {
	for _, f := range s.staged {
		_ = f.file.Close()
		if f.temporary != "" {
			_ = s.disk.remove(f.temporary)
		}
		if f.before != "" {
			_ = s.disk.remove(f.before)
		}
	}
}

// sync makes the names last, where the system can sync a directory and lets this user.
// Without that the files are written all the same.
func (s *set) sync() {
	synced := map[string]bool{}
	for _, f := range s.staged {
		if dir := filepath.Dir(f.path); !synced[dir] {
			_ = s.disk.syncDirectory(dir)
			synced[dir] = true
		}
	}
}

// plain removes the temporary file's name, which users do not know, from an error.
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
