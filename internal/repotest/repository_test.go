// Package repotest tests the repository as a whole: which package may import which,
// the links of the documentation, and the steps that CONTRIBUTING.md describes.
package repotest

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// TestMain runs the tests in the root of the repository, so that they can name its
// files as the documentation does.
func TestMain(m *testing.M) {
	if err := os.Chdir("../.."); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
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
