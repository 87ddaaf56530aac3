// Package tree reads the files of a GitOps repository, and finds the line of a field in them.
//
// A tree is untrusted. Nothing outside of its directory is read, and symbolic links are not
// followed. Sizes, numbers, depth and the expansion of YAML aliases are limited. The tree is
// never changed.
package tree

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
)

// The limits of a tree. Kubernetes' own repository has 30,000 files.
const (
	// MaxFiles is the number of files and directories.
	MaxFiles = 200_000
	// MaxDepth is the number of nested directories.
	MaxDepth = 64
	// MaxFile is the size of a file that is read, in bytes: etcd accepts objects of 1.5 MiB,
	// and generated manifests hold many objects.
	MaxFile = 16 << 20
	// MaxBytes is the size of all files together that are read, in bytes.
	MaxBytes = 512 << 20
)

// MaxParsed is the size of all YAML files together that are parsed, in bytes: they need twenty times
// as much memory.
const MaxParsed = 64 << 20

// ErrTooMuch is the reason for an error about MaxParsed. It is also ErrTooLarge.
var ErrTooMuch = fmt.Errorf("%w: the YAML files have more than %d MiB together", ErrTooLarge, MaxParsed>>20)

// ErrTooLarge is the reason for an error about a limit.
var ErrTooLarge = errors.New("too large")

// Tree is a directory with the files of a GitOps repository. Paths are relative to it, with
// slashes: "gitops/fluxcd/infrastructure.yaml"; "." is the directory itself.
type Tree struct {
	// Dir is the directory as the user named it.
	Dir   string
	root  *os.Root
	nodes map[string]*node
	// base is the tree whose files are arranged, nil for any other tree.
	base     *Tree
	arranged map[string]Arranged

	mu        sync.Mutex
	read      int64
	parsed    int64
	contents  map[string]content
	documents map[string]parsed
}

// node is a file or directory.
type node struct {
	dir      bool
	children []string // names, sorted
	// refused is why the file can't be read: a symbolic link, a device.
	refused error
}

type content struct {
	data []byte
	err  error
}

// Open lists the files of a directory. Directories named .git, and other Git repositories below
// it, are not part of a tree.
func Open(dir string) (*Tree, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the tree: %w", err)
	}
	t := &Tree{
		Dir: dir, root: root, nodes: map[string]*node{},
		contents: map[string]content{}, documents: map[string]parsed{},
	}
	if err := t.list(".", 0); err != nil {
		return nil, errors.Join(fmt.Errorf("list the files of %s: %w", dir, err), root.Close())
	}
	return t, nil
}

// Parents are the directories in which a file or directory of a tree is, the innermost first,
// without the root: "a/b" and "a" for "a/b/c".
func Parents(name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for dir := path.Dir(name); dir != "." && dir != "/" && yield(dir); dir = path.Dir(dir) {
		}
	}
}

// New is a tree in memory: the contents of files by path.
func New(files map[string][]byte) *Tree {
	t := &Tree{nodes: map[string]*node{".": {dir: true}}, contents: map[string]content{}, documents: map[string]parsed{}}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		t.contents[name] = content{data: files[name]}
		t.add(name)
	}
	return t
}

// add adds a file, and the directories that have it.
func (t *Tree) add(name string) {
	t.nodes[name] = &node{}
	t.addChild(".", strings.SplitN(name, "/", 2)[0])
	for dir := range Parents(name) {
		below := strings.TrimPrefix(name, dir+"/")
		t.addChild(dir, strings.SplitN(below, "/", 2)[0])
	}
}

// addChild adds an entry to a directory, which it creates.
func (t *Tree) addChild(dir, name string) {
	if t.nodes[dir] == nil {
		t.nodes[dir] = &node{dir: true}
	}
	here := t.nodes[dir]
	if i, ok := slices.BinarySearch(here.children, name); !ok {
		here.children = slices.Insert(here.children, i, name)
	}
}

// With is the tree with other contents of some of its files. Other files are shared with the
// tree, which must stay open.
func (t *Tree) With(files map[string][]byte) *Tree {
	changed := &Tree{Dir: t.Dir, root: t.root, nodes: t.nodes, contents: map[string]content{}, documents: map[string]parsed{}}
	t.mu.Lock()
	defer t.mu.Unlock()
	maps.Copy(changed.contents, t.contents)
	maps.Copy(changed.documents, t.documents)
	for name, text := range files {
		changed.contents[name] = content{data: text}
		delete(changed.documents, name)
	}
	return changed
}

// Arranged is a file of another tree, or a text that was composed of files of it.
type Arranged struct {
	// File is the file, or the last one of those that the text was composed of.
	File string
	// Text is nil for the content of the file.
	Text []byte
}

// Arrange is a tree with the files of another, which must stay open, at other paths. Its documents
// name the files of the other tree, without lines if they were composed.
func (t *Tree) Arrange(files map[string]Arranged) *Tree {
	arranged := &Tree{base: t, arranged: files, nodes: map[string]*node{".": {dir: true}}, contents: map[string]content{}, documents: map[string]parsed{}}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		arranged.add(name)
	}
	return arranged
}

// Origin is the file of the other tree that an arranged tree has at a path. For any other tree, it is
// the path itself.
func (t *Tree) Origin(name string) string {
	if a, ok := t.arranged[name]; ok {
		return a.File
	}
	return name
}

// Close releases the directory.
func (t *Tree) Close() error {
	if t.root == nil {
		return nil
	}
	return t.root.Close()
}

// list adds a directory at a depth, and everything below it.
func (t *Tree) list(dir string, depth int) error {
	if depth > MaxDepth {
		return fmt.Errorf("%w: %s is nested more than %d directories deep", ErrTooLarge, dir, MaxDepth)
	}
	opened, err := t.root.Open(dir)
	if err != nil {
		return err
	}
	entries, err := opened.ReadDir(-1)
	if err = errors.Join(err, opened.Close()); err != nil {
		return err
	}
	if depth > 0 && slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == ".git" && e.IsDir() }) {
		return errOtherRepository
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	here := &node{dir: true}
	t.nodes[dir] = here
	for _, entry := range entries {
		if entry.Name() == ".git" {
			continue
		}
		if len(t.nodes) >= MaxFiles {
			return fmt.Errorf("%w: it has more than %d files", ErrTooLarge, MaxFiles)
		}
		child := path.Join(dir, entry.Name())
		if entry.IsDir() {
			switch err := t.list(child, depth+1); {
			case errors.Is(err, errOtherRepository):
				continue
			case err != nil:
				return err
			}
		} else {
			t.nodes[child] = &node{refused: refusal(child, entry.Type())}
		}
		here.children = append(here.children, entry.Name())
	}
	return nil
}

// errOtherRepository is the error of a directory that is a Git repository of its own. A
// submodule, whose .git is a file, is a part of the tree.
var errOtherRepository = errors.New("the directory is another Git repository")

// refusal is why a file of a type is not read, nil for a regular file. source-controller does
// not store symbolic links (github.com/fluxcd/pkg/artifact v0.18.1, storage/archive.go).
func refusal(name string, mode fs.FileMode) error {
	switch {
	case mode.IsRegular():
		return nil
	case mode&fs.ModeSymlink != 0:
		return fmt.Errorf("read %s: it is a symbolic link, which Flux does not follow", name)
	}
	return fmt.Errorf("read %s: it is not a regular file", name)
}

// Exists reports whether a file or directory exists.
func (t *Tree) Exists(name string) bool { return t.nodes[name] != nil }

// IsDir reports whether a directory exists.
func (t *Tree) IsDir(name string) bool { return t.nodes[name] != nil && t.nodes[name].dir }

// Children are the names of what a directory contains, sorted.
func (t *Tree) Children(dir string) []string {
	if n := t.nodes[dir]; n != nil {
		return n.children
	}
	return nil
}

// Files are the paths of all files below a directory, sorted by directory.
func (t *Tree) Files(dir string) []string {
	var files []string
	for _, name := range t.Children(dir) {
		child := path.Join(dir, name)
		if t.nodes[child].dir {
			files = append(files, t.Files(child)...)
			continue
		}
		files = append(files, child)
	}
	return files
}

// Refused are the errors of files that can't be read, such as symbolic links, by path.
func (t *Tree) Refused() map[string]error {
	refused := map[string]error{}
	for name, n := range t.nodes {
		if n.refused != nil {
			refused[name] = n.refused
		}
	}
	return refused
}

// ReadFile is the content of a file. It is read once. The errors are fs.ErrNotExist,
// ErrTooLarge, and those of the file system.
func (t *Tree) ReadFile(name string) ([]byte, error) {
	n := t.nodes[name]
	switch {
	case n == nil:
		return nil, fmt.Errorf("read %s: %w", name, fs.ErrNotExist)
	case n.refused != nil:
		return nil, n.refused
	case n.dir:
		return nil, fmt.Errorf("read %s: it is a directory", name)
	}
	if a, ok := t.arranged[name]; ok {
		if a.Text != nil {
			return a.Text, nil
		}
		return t.base.ReadFile(a.File)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	c, ok := t.contents[name]
	if !ok {
		c.data, c.err = t.readFile(name)
		t.contents[name] = c
	}
	return c.data, c.err
}

func (t *Tree) readFile(name string) ([]byte, error) {
	file, err := t.root.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, MaxFile+1))
	t.read += int64(len(data))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", name, err)
	case len(data) > MaxFile:
		return nil, fmt.Errorf("read %s: %w: it has more than %d MiB", name, ErrTooLarge, MaxFile>>20)
	case t.read > MaxBytes:
		return nil, fmt.Errorf("read %s: %w: the files have more than %d MiB together", name, ErrTooLarge, MaxBytes>>20)
	}
	return data, nil
}

// IsYAML reports whether the extension of a file is that of YAML.
func IsYAML(name string) bool {
	return strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml")
}
