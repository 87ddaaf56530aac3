package atomicfile

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// staged is a file that is written, but does not have its name yet.
type staged struct {
	disk disk
	path string
	file *os.File
	// temporary is its name until then. On Linux the file has no name, so that nothing
	// remains if the process is killed.
	temporary string
	// before is a name next to path for the previous content of path: a second name, or the
	// only one after a rename.
	before  string
	renamed bool
	// created: path was created, and had no content before.
	created bool
	// placed: path has the new content, or what was created for it.
	placed bool
}

func (s *set) stage(f File) error {
	dir := filepath.Dir(f.Path)
	next := staged{disk: s.disk, path: f.Path}
	var err error
	if next.file, err = s.disk.openUnnamed(dir); err != nil {
		if next.file, err = s.disk.createTemporary(dir); err != nil {
			return plain(err)
		}
		next.temporary = next.file.Name()
	}
	s.staged = append(s.staged, next)
	if err := f.Write(next.file); err != nil {
		return plain(err)
	}
	if err := s.disk.finish(next.file, f.Mode); err != nil || next.temporary == "" {
		return plain(err)
	}
	return plain(next.file.Close()) // Windows can't rename an open file
}

// place gives the file its name. With undo, the previous file is kept, so that restore can
// also be called after place has succeeded.
func (s *staged) place(replace, undo bool) error {
	if !replace {
		return s.create()
	}
	if err := s.keep(undo); err != nil {
		return fmt.Errorf("replacing %s: %w", s.path, plain(err))
	}
	return s.put()
}

// create gives the file its name, without replacing another file. A link fails if the name
// was created in the meantime, a rename would not. If a file system has no links, the name
// is reserved with an empty file first.
func (s *staged) create() error {
	err := s.link(s.path)
	if err == nil {
		s.created, s.placed = true, true
		return nil
	}
	if !errors.Is(err, fs.ErrExist) {
		if err = s.disk.reserve(s.path); err == nil {
			s.created, s.placed = true, true
			return s.put()
		}
	}
	if errors.Is(err, fs.ErrExist) {
		return &ExistsError{s.path}
	}
	return fmt.Errorf("writing %s: %w", s.path, plain(err))
}

// put replaces what is at the path.
func (s *staged) put() error {
	if s.temporary == "" {
		name := s.other("new")
		if err := s.disk.nameUnnamed(s.file, name); err != nil {
			return fmt.Errorf("writing %s: %w", s.path, plain(err))
		}
		s.temporary = name
	}
	if err := s.disk.rename(s.temporary, s.path); err != nil {
		return fmt.Errorf("writing %s: %w", s.path, plain(err))
	}
	s.temporary, s.placed = "", true
	return nil
}

func (s *staged) link(path string) error {
	if s.temporary == "" {
		return s.disk.nameUnnamed(s.file, path)
	}
	return s.disk.link(s.temporary, path)
}

// other is a unique name in the directory of the file.
func (s *staged) other(what string) string {
	return filepath.Join(filepath.Dir(s.path), fmt.Sprintf(".orthweb-%s-%s", rand.Text(), what))
}

// keep ensures that the path can be replaced. With undo, it keeps the previous file. A rename
// replaces that in one step, so that without undo nothing has to be done.
func (s *staged) keep(undo bool) error {
	info, err := s.disk.lstat(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		s.created = true
		return nil
	case err != nil:
		return err
	case info.IsDir():
		return errors.New("it is a directory")
	case !undo:
		return nil
	}
	before := s.other("before")
	if s.disk.link(s.path, before) != nil { // not every file system has links
		if err := s.disk.rename(s.path, before); err != nil {
			return err
		}
		s.renamed = true
	}
	s.before = before
	return nil
}

// restore restores the previous content of the path, also if place has failed. What can't be
// restored is not removed; the error names its path.
func (s *staged) restore() error {
	switch {
	case s.created && s.placed:
		if err := s.disk.remove(s.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("removing the new file %s: %w", s.path, plain(err))
		}
	case s.before != "" && (s.placed || s.renamed):
		before := s.before
		s.before = ""
		if err := s.disk.rename(before, s.path); err != nil {
			return fmt.Errorf("restoring %s: %w: the content that it had is in %s, rename that file", s.path, plain(err), before)
		}
	}
	return nil
}
