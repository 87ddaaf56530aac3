package files

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// staged is a file that is written, and does not have its name yet.
type staged struct {
	path string
	file *os.File
	// temporary is its name meanwhile. On Linux it has none: what is left of it
	// when this process is killed is nothing.
	temporary string
	// before holds what the path had until it was replaced, under another name.
	before string
}

func (s *set) stage(f File) error {
	dir := filepath.Dir(f.Path)
	next := staged{path: f.Path}
	var err error
	if next.file, err = openUnnamed(dir); err != nil {
		if next.file, err = os.CreateTemp(dir, ".orthweb-*"); err != nil { // 0600
			return plain(err)
		}
		next.temporary = next.file.Name()
	}
	s.staged = append(s.staged, next)
	if err := f.Write(next.file); err != nil {
		return plain(err)
	}
	if err := next.file.Chmod(f.Mode); err != nil {
		return plain(err)
	}
	if err := next.file.Sync(); err != nil || next.temporary == "" {
		return plain(err)
	}
	return plain(next.file.Close()) // Windows renames no open file
}

// place gives the file its name. Where nothing may be replaced a link does it:
// that fails when the name was taken meanwhile, a rename would not.
func (s *staged) place(replace bool) error {
	if !replace {
		err := s.link(s.path)
		if errors.Is(err, fs.ErrExist) {
			return &ExistsError{s.path}
		}
		if err == nil {
			return nil
		}
		// Not every file system has links.
		if err := Vacant(s.path); err != nil {
			return err
		}
	}
	if err := s.keep(); err != nil {
		return fmt.Errorf("replacing %s: %w", s.path, plain(err))
	}
	if s.temporary == "" {
		name := s.other("new")
		if err := nameUnnamed(s.file, name); err != nil {
			return fmt.Errorf("writing %s: %w", s.path, plain(err))
		}
		s.temporary = name
	}
	if err := os.Rename(s.temporary, s.path); err != nil {
		return fmt.Errorf("writing %s: %w", s.path, plain(err))
	}
	return nil
}

func (s *staged) link(path string) error {
	if s.temporary == "" {
		return nameUnnamed(s.file, path)
	}
	return os.Link(s.temporary, path)
}

// other is a name beside the file that nobody else has.
func (s *staged) other(what string) string {
	return filepath.Join(filepath.Dir(s.path), fmt.Sprintf(".orthweb-%s-%s", rand.Text(), what))
}

// keep holds on to what is about to be replaced.
func (s *staged) keep() error {
	info, err := os.Lstat(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && info.IsDir() {
		return errors.New("it is a directory")
	}
	before := s.other("before")
	if err = os.Link(s.path, before); err != nil {
		err = os.Rename(s.path, before) // not every file system has links
	}
	if err == nil {
		s.before = before
	}
	return err
}
