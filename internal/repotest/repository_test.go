// Package repotest tests the repository as a whole: which package may import which,
// the links of the documentation, and the steps that CONTRIBUTING.md describes.
package repotest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// inRoot runs the rest of the test in the root of the repository, so that it can name files as
// the documentation does. TestMain can't do so: from the start of the tests, Go records which
// files a test reads, to know whether its cached result is valid.
func inRoot(t *testing.T) {
	t.Helper()
	t.Chdir(filepath.Join("..", ".."))
}

// within reports whether an import path is the parent's or below it.
func within(path, parent string) bool {
	return path == parent || strings.HasPrefix(path, strings.TrimSuffix(parent, "/")+"/")
}

// anyWithin reports whether one of the import paths is the parent's or below it.
func anyWithin(paths map[string]bool, parent string) bool {
	for path := range paths {
		if within(path, parent) {
			return true
		}
	}
	return false
}

// withinAny reports whether a directory is one of the parents or below one.
func withinAny(directory string, parents []string) bool {
	return slices.ContainsFunc(parents, func(parent string) bool { return within(directory, parent) })
}

func read(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
