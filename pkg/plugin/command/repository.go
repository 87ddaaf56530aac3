package command

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/atomicfile"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// Repository is a directory that contains a GitOps repository.
type Repository struct {
	// Root is the directory, absolute.
	Root string
	// Below are the paths that the user named, relative to Root, with slashes.
	Below []string
	// Shown is the root relative to the working directory, with slashes.
	Shown string
}

// Repositories finds the repositories of paths: the directory above each that has .git, or the
// path itself. Without a path, it is the working directory.
func Repositories(paths []string) ([]Repository, error) {
	if len(paths) == 0 {
		paths = []string{"."}
	}
	var all []Repository
	for _, path := range paths {
		dir, err := filepath.Abs(path)
		if err != nil {
			return nil, fmt.Errorf("find %s: %w", path, err)
		}
		info, err := os.Stat(dir)
		if err != nil {
			return nil, advice.Add(fmt.Errorf("read %s: %w", path, reason(err)), "Name a directory or a file of a GitOps repository.")
		}
		root := rootOf(dir, info.IsDir())
		below, err := filepath.Rel(root, dir)
		if err != nil {
			return nil, fmt.Errorf("find %s: %w", path, err)
		}
		i := slices.IndexFunc(all, func(r Repository) bool { return r.Root == root })
		if i < 0 {
			i = len(all)
			all = append(all, Repository{Root: root, Shown: shown(root)})
		}
		all[i].Below = append(all[i].Below, filepath.ToSlash(below))
	}
	return all, nil
}

// reason is the error without the name of the file.
func reason(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// rootOf is the root of the Git repository that has a path, or the path itself, or its
// directory.
func rootOf(path string, isDir bool) string {
	start := path
	if !isDir {
		start = filepath.Dir(path)
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			return start
		}
	}
}

// shown is a directory relative to the working directory, or absolute if it is elsewhere.
func shown(dir string) string {
	here, err := os.Getwd()
	if err != nil {
		return filepath.ToSlash(dir)
	}
	relative, err := filepath.Rel(here, dir)
	if err != nil || strings.HasPrefix(relative, ".."+string(filepath.Separator)+"..") {
		return filepath.ToSlash(dir)
	}
	return filepath.ToSlash(relative)
}

// ReplaceFiles replaces files of a repository, all of them or none. Their modes stay.
func ReplaceFiles(root string, files map[string][]byte) error {
	var list []atomicfile.File
	for _, file := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(root, filepath.FromSlash(file))
		info, err := os.Lstat(path)
		if err != nil {
			return err
		}
		list = append(list, atomicfile.File{Path: path, Mode: info.Mode().Perm(), Write: func(w io.Writer) error {
			_, err := io.Copy(w, bytes.NewReader(files[file]))
			return err
		}})
	}
	return atomicfile.Create(true, list...)
}

// Checkout is the GitOps repository that a command changes.
type Checkout struct {
	// Path is --repo.
	Path string
	// Root is the directory with .git that contains Path, or Path itself.
	Root string
}

// Open reads the repository. The caller closes the tree.
func (c *Checkout) Open() (*tree.Tree, error) {
	path := c.Path
	if path == "" {
		path = "."
	}
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		return nil, advice.Add(fmt.Errorf("read %s: it is not a directory", path), "Specify the directory of the GitOps repository with --repo.")
	}
	found, err := Repositories([]string{path})
	if err != nil {
		return nil, err
	}
	c.Root = found[0].Root
	t, err := tree.Open(c.Root)
	if err != nil {
		return nil, advice.Add(err, "Specify a directory that contains only the GitOps repository.")
	}
	return t, nil
}
