package build

import (
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"

	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/remote"
)

// files are what a build reads: the files of a source, and what remote references name, each
// mounted at a directory that the source does not have. The name of a file is its path in the tree,
// such as "app/a.yaml", or that in kustomize's file system if it is mounted: "/.remote/0/app/a.yaml".
// So the files of a tree and those of mounts can't be confused.
type files struct {
	source *Source
	// root is the directory that has the mounts.
	root   string
	mounts []*mount
	// replaced are the texts of kustomization files that kustomize reads in place of the files.
	replaced map[string][]byte
	// known are the targets of remote references, by file, text and kind.
	known map[string]string
}

// mount is what one remote reference names.
type mount struct {
	// dir is its name.
	dir  string
	tree *tree.Tree
	// reference is the text of the reference; shown is the same without secrets.
	reference, shown string
	// at is the position in the source of the reference, or of the one by which it is reached.
	at tree.Position
	// repository is how kustomize reads the reference as a repository, nil if it does not.
	repository *remote.Repository
	// isFile: the reference is a file.
	isFile bool
	// submodules are directories that were not downloaded.
	submodules []string
}

const (
	// maxMounts is the number of remote references of a build.
	maxMounts = 1000
	// fileName is the name of a file in its mount.
	fileName = "file.yaml"
)

func newFiles(s *Source) *files {
	f := &files{source: s, root: "/.remote", replaced: map[string][]byte{}, known: map[string]string{}}
	for s.Tree.Exists(f.root[1:]) {
		f.root += "_"
	}
	return f
}

// mount adds a mount, and returns its name.
func (f *files) mount(m *mount) string {
	m.dir = f.root + "/" + strconv.Itoa(len(f.mounts))
	f.mounts = append(f.mounts, m)
	return m.dir
}

// mountOf is the mount that has a file, nil for those of the source.
func (f *files) mountOf(name string) *mount {
	rest, ok := strings.CutPrefix(name, f.root+"/")
	if !ok || len(f.mounts) == 0 {
		return nil
	}
	number, _, _ := strings.Cut(rest, "/")
	i, err := strconv.Atoi(number)
	if err != nil || i < 0 || i >= len(f.mounts) || f.mounts[i].dir != f.root+"/"+number {
		return nil
	}
	return f.mounts[i]
}

// inner is the path of a file in its mount.
func (m *mount) inner(name string) string {
	if name == m.dir {
		return "."
	}
	return strings.TrimPrefix(name, m.dir+"/")
}

// inSubmodule reports whether a name is in a submodule.
func (m *mount) inSubmodule(name string) bool {
	return slices.ContainsFunc(m.submodules, func(dir string) bool { return !leaves(dir, m.inner(name)) })
}

// name is the name of a path in kustomize's file system.
func (f *files) name(file string) string {
	clean := path.Clean("/" + filepath.ToSlash(file))
	switch {
	case clean == "/":
		return "."
	case f.mountOf(clean) != nil:
		return clean
	}
	return strings.TrimPrefix(clean, "/")
}

// absolute is the reverse of name.
func (f *files) absolute(name string) string { return filepath.FromSlash(path.Join("/", name)) }

func (f *files) find(name string) (*tree.Tree, string) {
	if m := f.mountOf(name); m != nil {
		return m.tree, m.inner(name)
	}
	return f.source.Tree, name
}

func (f *files) exists(name string) bool {
	t, inner := f.find(name)
	return t.Exists(inner) && (t != f.source.Tree || !f.source.ignored[inner])
}

func (f *files) isDir(name string) bool {
	t, inner := f.find(name)
	return t.IsDir(inner)
}

// children are the names in a directory.
func (f *files) children(dir string) []string {
	t, inner := f.find(dir)
	return slices.DeleteFunc(slices.Clone(t.Children(inner)), func(child string) bool { return !f.exists(path.Join(dir, child)) })
}

func (f *files) read(name string) ([]byte, error) {
	if !f.exists(name) {
		return nil, fmt.Errorf("read %s: %w", f.shownName(name), fs.ErrNotExist)
	}
	t, inner := f.find(name)
	return t.ReadFile(inner)
}

func (f *files) documents(name string) ([]*tree.Document, error) {
	if !f.exists(name) {
		return nil, fmt.Errorf("read %s: %w", f.shownName(name), fs.ErrNotExist)
	}
	t, inner := f.find(name)
	return t.Documents(inner)
}

// kustomizationFile is the name of a directory's kustomization file, "" if it has none.
func (f *files) kustomizationFile(dir string) string {
	for _, base := range konfig.RecognizedKustomizationFileNames() {
		if file := path.Join(dir, base); f.exists(file) && !f.isDir(file) {
			return file
		}
	}
	return ""
}

// position is where a user finds a position: in the tree, or the reference to what has it.
func (f *files) position(p tree.Position) tree.Position {
	if m := f.mountOf(p.File); m != nil {
		return m.at
	}
	return f.source.position(p)
}

// shownName is a name in a message.
func (f *files) shownName(name string) string {
	if m := f.mountOf(name); m != nil {
		return m.inner(name)
	}
	return f.source.Tree.Origin(name)
}

// escapes reports whether a path that kustomize reads from a directory of a mount leaves the
// directory. One that begins with a slash may be no path, unless a file has it.
func (f *files) escapes(dir, value string) bool {
	if _, file, named := strings.Cut(value, "="); named && f.escapes(dir, file) {
		return true
	}
	if path.IsAbs(value) {
		name := f.name(value)
		return f.exists(name) && leaves(dir, name)
	}
	return slices.Contains(strings.Split(value, "/"), "..") && leaves(dir, path.Join(dir, value))
}

// in is a position in a file of another name.
func in(file string, p tree.Position) tree.Position {
	p.File = file
	return p
}
