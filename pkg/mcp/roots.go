package mcp

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
)

// root is a directory that lint may read: the name that the user gave it, and the directory
// without symbolic links.
type root struct{ named, real string }

func newRoot(dir string) (root, error) {
	named, err := filepath.Abs(dir)
	if err != nil {
		return root{}, fmt.Errorf("find %s: %w", dir, err)
	}
	real, err := filepath.EvalSymlinks(named)
	if err != nil {
		return root{}, fmt.Errorf("read %s: %w", dir, reason(err))
	}
	return root{named, real}, nil
}

// errOutside is the error of a path that lint may not read. It is also that of a path that does
// not exist: what exists elsewhere is no business of the client.
var errOutside = errors.New("it is not in a directory that this server may read (--repo)")

// resolve returns a path below one of the roots, without symbolic links. A relative path is
// relative to the first root, an empty one is that root.
func (s *Server) resolve(path string) (string, error) {
	if !filepath.IsAbs(path) {
		path = filepath.Join(s.roots[0].named, path)
	}
	real, err := filepath.EvalSymlinks(path)
	for _, r := range s.roots {
		switch {
		case err == nil && within(real, r.real):
			return real, nil
		case err != nil && within(filepath.Clean(path), r.named):
			return "", fmt.Errorf("read %s: %w", path, reason(err))
		}
	}
	return "", fmt.Errorf("read %s: %w", path, errOutside)
}

// within reports whether a path is a directory or below it.
func within(path, dir string) bool {
	relative, err := filepath.Rel(dir, path)
	return err == nil && relative != ".." && !strings.HasPrefix(relative, ".."+string(filepath.Separator))
}

// reason is the error without the name of the file.
func reason(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
