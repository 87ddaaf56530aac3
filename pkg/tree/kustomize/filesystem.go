package kustomize

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"

	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/digihunch/kubectl-orthweb/pkg/tree/source"
)

// fileSystem is what kustomize reads: the files of a build, with the texts that replace some of
// them. It can't be written to.
type fileSystem struct{ files *source.Files }

var errReadOnly = errors.New("the files of a tree can't be changed")

func (f fileSystem) Create(string) (filesys.File, error) { return nil, errReadOnly }
func (f fileSystem) Mkdir(string) error                  { return errReadOnly }
func (f fileSystem) MkdirAll(string) error               { return errReadOnly }
func (f fileSystem) RemoveAll(string) error              { return errReadOnly }
func (f fileSystem) WriteFile(string, []byte) error      { return errReadOnly }

func (f fileSystem) IsDir(file string) bool { return f.files.IsDir(f.files.Name(file)) }

func (f fileSystem) Exists(file string) bool {
	n := f.files.Name(file)
	return f.files.Replaced[n] != nil || f.files.Exists(n)
}

func (f fileSystem) ReadFile(file string) ([]byte, error) {
	n := f.files.Name(file)
	if text := f.files.Replaced[n]; text != nil {
		return text, nil
	}
	return f.files.Read(n)
}

func (f fileSystem) ReadDir(dir string) ([]string, error) {
	n := f.files.Name(dir)
	if !f.files.IsDir(n) {
		return nil, fmt.Errorf("read directory %s: %w", f.files.ShownName(n), fs.ErrNotExist)
	}
	return f.files.Children(n), nil
}

func (f fileSystem) CleanedAbs(file string) (filesys.ConfirmedDir, string, error) {
	n := f.files.Name(file)
	if f.files.IsDir(n) {
		return filesys.ConfirmedDir(f.files.Absolute(n)), "", nil
	}
	if !f.Exists(file) {
		return "", "", fmt.Errorf("'%s' doesn't exist", f.files.ShownName(n))
	}
	return filesys.ConfirmedDir(f.files.Absolute(path.Dir(n))), path.Base(n), nil
}

func (f fileSystem) Glob(pattern string) ([]string, error) {
	var found []string
	for _, child := range f.files.Source.Tree.Files(".") {
		if f.files.Source.Ignored(child) {
			continue
		}
		matches, err := filepath.Match(pattern, f.files.Absolute(child))
		if err != nil {
			return nil, err
		}
		if matches {
			found = append(found, f.files.Absolute(child))
		}
	}
	return found, nil
}

// Walk calls walk for a path and everything below it, in the order of names.
func (f fileSystem) Walk(file string, walk filepath.WalkFunc) error {
	err := f.walk(f.files.Name(file), walk)
	if errors.Is(err, filepath.SkipDir) || errors.Is(err, filepath.SkipAll) {
		return nil
	}
	return err
}

func (f fileSystem) walk(n string, walk filepath.WalkFunc) error {
	err := walk(f.files.Absolute(n), fileInfo{name: path.Base(n), dir: f.files.IsDir(n)}, nil)
	if err != nil {
		return err
	}
	for _, child := range f.files.Children(n) {
		below := path.Join(n, child)
		err := f.walk(below, walk)
		if err != nil && (!errors.Is(err, filepath.SkipDir) || !f.files.IsDir(below)) {
			return err
		}
	}
	return nil
}

func (f fileSystem) Open(file string) (filesys.File, error) {
	data, err := f.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return &openFile{Reader: bytes.NewReader(data), info: fileInfo{name: path.Base(f.files.Name(file)), size: int64(len(data))}}, nil
}

// openFile is a file that is read.
type openFile struct {
	*bytes.Reader
	info fileInfo
}

func (o *openFile) Write([]byte) (int, error)  { return 0, errReadOnly }
func (o *openFile) Close() error               { return nil }
func (o *openFile) Stat() (os.FileInfo, error) { return o.info, nil }

// fileInfo describes a file or directory.
type fileInfo struct {
	name string
	size int64
	dir  bool
}

func (i fileInfo) Name() string       { return i.name }
func (i fileInfo) Size() int64        { return i.size }
func (i fileInfo) ModTime() time.Time { return time.Time{} }
func (i fileInfo) IsDir() bool        { return i.dir }
func (i fileInfo) Sys() any           { return nil }

func (i fileInfo) Mode() os.FileMode {
	if i.dir {
		return fs.ModeDir | 0o755
	}
	return 0o644
}
