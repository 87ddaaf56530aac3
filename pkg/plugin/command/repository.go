package command

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// Repository is the GitOps repository that a command changes.
type Repository struct {
	// Path is --repo.
	Path string
	// Root is the directory with .git that contains Path, or Path itself.
	Root string
}

// Open reads the repository.
func (r *Repository) Open() (*tree.Tree, error) {
	path := r.Path
	if path == "" {
		path = "."
	}
	dir, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", path, err)
	}
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		err = errors.New("it is not a directory")
	}
	if err != nil {
		var wrapped *fs.PathError
		if errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return nil, advice.Add(fmt.Errorf("read %s: %w", path, err), "Specify the directory of the GitOps repository with --repo.")
	}
	r.Root = rootOf(dir)
	t, err := tree.Open(r.Root)
	if err != nil {
		return nil, advice.Add(err, "Specify a directory that contains only the GitOps repository.")
	}
	return t, nil
}

// rootOf is the root of the Git repository that contains a directory, or the directory.
func rootOf(start string) string {
	for dir := start; ; dir = filepath.Dir(dir) {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			return start
		}
	}
}
