package artifact

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// Files are the names of the files of a source, as a file system whose files are not opened.
type Files struct {
	files map[string]bool
	// dirs are the entries of each directory, sorted.
	dirs map[string][]fs.DirEntry
}

// NewFiles lists files by their paths.
func NewFiles(names []string) *Files {
	f := &Files{files: map[string]bool{}, dirs: map[string][]fs.DirEntry{".": nil}}
	for _, name := range names {
		f.files[name] = true
		f.addTo(path.Dir(name), entry{path.Base(name), false})
	}
	for dir := range f.dirs {
		slices.SortFunc(f.dirs[dir], func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	}
	return f
}

func (f *Files) addTo(dir string, e entry) {
	_, exists := f.dirs[dir]
	f.dirs[dir] = append(f.dirs[dir], e)
	if !exists {
		f.addTo(path.Dir(dir), entry{path.Base(dir), true})
	}
}

func (f *Files) isFile(name string) bool { return f.files[name] }

func (f *Files) isDir(name string) bool {
	_, ok := f.dirs[name]
	return ok
}

// Open does not open files: only their names are known.
func (f *Files) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
}

// Stat reports whether a file or directory exists.
func (f *Files) Stat(name string) (fs.FileInfo, error) {
	if !f.isFile(name) && !f.isDir(name) {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrNotExist}
	}
	return entry{path.Base(name), f.isDir(name)}, nil
}

// ReadDir are the entries of a directory.
func (f *Files) ReadDir(name string) ([]fs.DirEntry, error) {
	if !f.isDir(name) {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrNotExist}
	}
	return f.dirs[name], nil
}

// entry is a file or directory.
type entry struct {
	name string
	dir  bool
}

func (e entry) Name() string               { return e.name }
func (e entry) IsDir() bool                { return e.dir }
func (e entry) Type() fs.FileMode          { return e.Mode().Type() }
func (e entry) Info() (fs.FileInfo, error) { return e, nil }
func (e entry) Size() int64                { return 0 }
func (e entry) ModTime() time.Time         { return time.Time{} }
func (e entry) Sys() any                   { return nil }

func (e entry) Mode() fs.FileMode {
	if e.dir {
		return fs.ModeDir | 0o755
	}
	return 0o644
}
