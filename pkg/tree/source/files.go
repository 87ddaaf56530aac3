package source

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

// Files are what a build reads: the files of a source, and what remote references name, each
// mounted at a directory that the source does not have. The name of a file is its path in the tree,
// such as "app/a.yaml", or that in kustomize's file system if it is mounted: "/.remote/0/app/a.yaml".
// So the files of a tree and those of mounts can't be confused.
type Files struct {
	Source *Source
	// Replaced are the texts of kustomization files that kustomize reads in place of the files.
	Replaced map[string][]byte
	// root is the directory that has the mounts.
	root   string
	mounts []*Mount
}

// Mount is what one remote reference names.
type Mount struct {
	// Dir is its name, which Files.Mount sets.
	Dir  string
	Tree *tree.Tree
	// Reference is the text of the reference; Shown is the same without secrets.
	Reference, Shown string
	// At is the position in the source of the reference, or of the one by which it is reached.
	At tree.Position
	// Repository is how kustomize reads the reference as a repository, nil if it does not.
	Repository *remote.Repository
	// IsFile: the reference is a file.
	IsFile bool
	// Submodules are directories that were not downloaded.
	Submodules []string
}

// NewFiles are the files of a source, without mounts.
func NewFiles(s *Source) *Files {
	f := &Files{Source: s, Replaced: map[string][]byte{}, root: "/.remote"}
	for s.Tree.Exists(f.root[1:]) {
		f.root += "_"
	}
	return f
}

// Mount adds a mount, and returns its name.
func (f *Files) Mount(m *Mount) string {
	m.Dir = f.root + "/" + strconv.Itoa(len(f.mounts))
	f.mounts = append(f.mounts, m)
	return m.Dir
}

// Mounts is how many mounts there are.
func (f *Files) Mounts() int { return len(f.mounts) }

// MountOf is the mount that has a file, nil for those of the source.
func (f *Files) MountOf(name string) *Mount {
	rest, ok := strings.CutPrefix(name, f.root+"/")
	if !ok || len(f.mounts) == 0 {
		return nil
	}
	number, _, _ := strings.Cut(rest, "/")
	i, err := strconv.Atoi(number)
	if err != nil || i < 0 || i >= len(f.mounts) || f.mounts[i].Dir != f.root+"/"+number {
		return nil
	}
	return f.mounts[i]
}

// Inner is the path of a file in its mount.
func (m *Mount) Inner(name string) string {
	if name == m.Dir {
		return "."
	}
	return strings.TrimPrefix(name, m.Dir+"/")
}

// InSubmodule reports whether a name is in a submodule.
func (m *Mount) InSubmodule(name string) bool {
	return slices.ContainsFunc(m.Submodules, func(dir string) bool { return !Leaves(dir, m.Inner(name)) })
}

// Name is the name of a path in kustomize's file system.
func (f *Files) Name(file string) string {
	clean := path.Clean("/" + filepath.ToSlash(file))
	switch {
	case clean == "/":
		return "."
	case f.MountOf(clean) != nil:
		return clean
	}
	return strings.TrimPrefix(clean, "/")
}

// Absolute is the reverse of Name.
func (f *Files) Absolute(name string) string { return filepath.FromSlash(path.Join("/", name)) }

// find is the tree that has a file, and its path there.
func (f *Files) find(name string) (*tree.Tree, string) {
	if m := f.MountOf(name); m != nil {
		return m.Tree, m.Inner(name)
	}
	return f.Source.Tree, name
}

// Exists reports whether a file or directory is in the build.
func (f *Files) Exists(name string) bool {
	t, inner := f.find(name)
	return t.Exists(inner) && (t != f.Source.Tree || !f.Source.ignored[inner])
}

// IsDir reports whether a name is that of a directory.
func (f *Files) IsDir(name string) bool {
	t, inner := f.find(name)
	return t.IsDir(inner)
}

// Children are the names in a directory.
func (f *Files) Children(dir string) []string {
	t, inner := f.find(dir)
	return slices.DeleteFunc(slices.Clone(t.Children(inner)), func(child string) bool { return !f.Exists(path.Join(dir, child)) })
}

// Read is the content of a file.
func (f *Files) Read(name string) ([]byte, error) {
	if !f.Exists(name) {
		return nil, fmt.Errorf("read %s: %w", f.ShownName(name), fs.ErrNotExist)
	}
	t, inner := f.find(name)
	return t.ReadFile(inner)
}

// Documents are those of a YAML file.
func (f *Files) Documents(name string) ([]*tree.Document, error) {
	if !f.Exists(name) {
		return nil, fmt.Errorf("read %s: %w", f.ShownName(name), fs.ErrNotExist)
	}
	t, inner := f.find(name)
	return t.Documents(inner)
}

// KustomizationFile is the name of a directory's kustomization file, "" if it has none.
func (f *Files) KustomizationFile(dir string) string {
	for _, base := range konfig.RecognizedKustomizationFileNames() {
		if file := path.Join(dir, base); f.Exists(file) && !f.IsDir(file) {
			return file
		}
	}
	return ""
}

// Position is where a user finds a position: in the tree, or the reference to what has it.
func (f *Files) Position(p tree.Position) tree.Position {
	if m := f.MountOf(p.File); m != nil {
		return m.At
	}
	return f.Source.Position(p)
}

// ShownName is a name in a message.
func (f *Files) ShownName(name string) string {
	if m := f.MountOf(name); m != nil {
		return m.Inner(name)
	}
	return f.Source.Tree.Origin(name)
}

// Leaves reports whether a path is outside of a directory.
func Leaves(dir, target string) bool {
	if dir == "." {
		return target == ".." || strings.HasPrefix(target, "../")
	}
	return target != dir && !strings.HasPrefix(target, dir+"/")
}
