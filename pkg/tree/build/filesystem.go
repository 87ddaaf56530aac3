package build

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// fileSystem is what kustomize reads: the files of a source below "/", and one kustomization
// file that replaces the source's own. It can't be written to.
type fileSystem struct {
	source *Source
	// replaced is the path of a file with other content.
	replaced string
	content  []byte
	// changesSchemas: a kustomization has schemas of its own, so kustomize's have to be loaded
	// again. This takes 60 ms, ten times as long as most builds.
	changesSchemas bool
}

var errReadOnly = errors.New("the files of a tree can't be changed")

// name is the path in the tree of a path that kustomize uses.
func name(file string) string {
	clean := path.Clean("/" + filepath.ToSlash(file))
	if clean == "/" {
		return "."
	}
	return strings.TrimPrefix(clean, "/")
}

// absolute is the reverse of name.
func absolute(name string) string { return filepath.FromSlash(path.Join("/", name)) }

func (f fileSystem) Create(string) (filesys.File, error) { return nil, errReadOnly }
func (f fileSystem) Mkdir(string) error                  { return errReadOnly }
func (f fileSystem) MkdirAll(string) error               { return errReadOnly }
func (f fileSystem) RemoveAll(string) error              { return errReadOnly }
func (f fileSystem) WriteFile(string, []byte) error      { return errReadOnly }

func (f fileSystem) IsDir(file string) bool { return f.source.Tree.IsDir(name(file)) }

func (f fileSystem) Exists(file string) bool {
	n := name(file)
	return n == f.replaced || f.source.exists(n)
}

func (f fileSystem) ReadFile(file string) ([]byte, error) {
	n := name(file)
	if n == f.replaced {
		return f.content, nil
	}
	if f.source.ignored[n] {
		return nil, fmt.Errorf("read %s: %w", n, fs.ErrNotExist)
	}
	return f.source.Tree.ReadFile(n)
}

func (f fileSystem) ReadDir(dir string) ([]string, error) {
	if !f.IsDir(dir) {
		return nil, fmt.Errorf("read directory %s: %w", name(dir), fs.ErrNotExist)
	}
	var names []string
	for _, child := range f.source.Tree.Children(name(dir)) {
		if !f.source.ignored[path.Join(name(dir), child)] {
			names = append(names, child)
		}
	}
	return names, nil
}

func (f fileSystem) CleanedAbs(file string) (filesys.ConfirmedDir, string, error) {
	n := name(file)
	if f.IsDir(file) {
		return filesys.ConfirmedDir(absolute(n)), "", nil
	}
	if !f.Exists(file) {
		return "", "", fmt.Errorf("'%s' doesn't exist", n)
	}
	return filesys.ConfirmedDir(absolute(path.Dir(n))), path.Base(n), nil
}

func (f fileSystem) Glob(pattern string) ([]string, error) {
	var found []string
	for _, child := range f.source.Tree.Files(".") {
		if f.source.ignored[child] {
			continue
		}
		matches, err := filepath.Match(pattern, absolute(child))
		if err != nil {
			return nil, err
		}
		if matches {
			found = append(found, absolute(child))
		}
	}
	return found, nil
}

// Walk calls walk for a path and everything below it, in the order of names.
func (f fileSystem) Walk(file string, walk filepath.WalkFunc) error {
	err := f.walk(name(file), walk)
	if errors.Is(err, filepath.SkipDir) || errors.Is(err, filepath.SkipAll) {
		return nil
	}
	return err
}

func (f fileSystem) walk(n string, walk filepath.WalkFunc) error {
	err := walk(absolute(n), fileInfo{name: path.Base(n), dir: f.source.Tree.IsDir(n)}, nil)
	if err != nil {
		return err
	}
	for _, child := range f.source.Tree.Children(n) {
		below := path.Join(n, child)
		if f.source.ignored[below] {
			continue
		}
		err := f.walk(below, walk)
		if err != nil && (!errors.Is(err, filepath.SkipDir) || !f.source.Tree.IsDir(below)) {
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
	return &openFile{Reader: bytes.NewReader(data), info: fileInfo{name: path.Base(name(file)), size: int64(len(data))}}, nil
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
