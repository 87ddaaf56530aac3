package command

import (
	"os"
	"path/filepath"
)

// RepositoryRoot is the root of the Git repository that has a path: the directory above it that
// has .git, otherwise the path itself, or its directory if it is a file.
func RepositoryRoot(path string, isDir bool) string {
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
