package file

import (
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/decode"
)

// savedPaths are the files that the index lists, by their paths; nil if it lists none, as in
// earlier versions.
type savedPaths map[string]savedFile

func savedByPath(found *index) savedPaths {
	if found.Files == nil {
		return nil
	}
	saved := savedPaths{}
	for _, file := range found.Files {
		saved[file.Path] = file
	}
	return saved
}

// read reads a file, and compares it with its entry in the index.
func (s savedPaths) read(content io.Reader, path string, read func(io.Reader) (objects int, err error)) error {
	if s == nil {
		_, err := read(content)
		return err
	}
	sum := sha256.New()
	objects, err := read(io.TeeReader(content, sum))
	if err != nil {
		return err
	}
	file, known := s[path]
	switch {
	case !known:
		return decode.Damaged(nil, "%s is not among the files that were saved", path)
	case fmt.Sprintf("%x", sum.Sum(nil)) != file.SHA256:
		return decode.Damaged(nil, "%s was changed after it was saved", path)
	case objects != file.Objects:
		return decode.Damaged(nil, "%s has %d objects, but the index lists %d", path, objects, file.Objects)
	}
	return nil
}

// missing is the error of a snapshot that lacks a file.
func (s savedPaths) missing(seen map[string]bool) error {
	for _, path := range slices.Sorted(maps.Keys(s)) {
		if !seen[path] {
			return decode.Damaged(nil, "%s is missing, but the index lists it with %d objects", path, s[path].Objects)
		}
	}
	return nil
}
