// Package atomicfile writes files completely or not at all. Of several files that belong
// together, such as a key and its certificate, all exist afterwards or none does.
package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// File is a file to write.
type File struct {
	Path string
	// Mode is the mode of the finished file. While the file is written, only its owner can
	// read it, for any mode and umask.
	Mode fs.FileMode
	// Write writes the content.
	Write func(io.Writer) error
}

// ExistsError reports a file that already exists and must not be replaced.
type ExistsError struct{ Path string }

func (e *ExistsError) Error() string { return e.Path + " already exists" }

// Vacant returns an *ExistsError if one of the paths exists.
func Vacant(paths ...string) error {
	for _, path := range paths {
		if _, err := os.Lstat(path); err == nil {
			return &ExistsError{path}
		}
	}
	return nil
}

// Create writes each file to a temporary file in the same directory, which is synced, and
// renames the temporary files once all of them are on the disk. If that fails for one, each
// path has its previous content again. If that can't be restored, the error names the file
// that has it.
//
// Without replace, it returns an *ExistsError and changes nothing if one of the paths exists.
// A missing directory is an error.
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
		// No step that may fail follows the last file, so it needs no undo.
		undo := i < len(set.staged)-1
		if err := set.staged[i].place(replace, undo); err != nil {
			return set.undo(i, err)
		}
	}
	set.sync()
	return nil
}

// checkRegular refuses to replace what is not a regular file: a device or a pipe would be
// lost.
func checkRegular(paths []string) error {
	for _, path := range paths {
		info, err := os.Lstat(path)
		if err == nil && info.Mode()&(fs.ModeDevice|fs.ModeNamedPipe|fs.ModeSocket) != 0 {
			return fmt.Errorf("writing %s: it is a device or a pipe, not a file", path)
		}
	}
	return nil
}

// set is a group of files that are being written.
type set struct {
	disk   disk
	staged []staged
}

// undo restores what file i and those before it have replaced, the last one first. It adds
// what can't be restored to why.
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

// sync makes the names durable, if the system can sync a directory and this user may.
// Otherwise, the files are written without that.
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
