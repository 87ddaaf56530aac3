package scaffold

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// Change is what happens to one file.
type Change struct {
	// Path is the file's path in the tree.
	Path string
	// Before and After are the contents. A file that does not exist has nil.
	Before, After []byte
	// From is the path of the file that a new one is a copy of, "" for other changes.
	From string
}

// New reports whether the file is created.
func (c Change) New() bool { return c.Before == nil }

// Removed reports whether the file is removed.
func (c Change) Removed() bool { return c.After == nil }

// Diff is the change as `git diff --no-prefix` shows it, without the line that repeats the
// command; patch(1) and `git apply -p0` read it.
func (c Change) Diff() string {
	before, after := c.Path, c.Path
	if c.New() {
		before = "/dev/null"
	}
	if c.Removed() {
		after = "/dev/null"
	}
	_, text, _ := bytes.Cut(diff.Diff(before, c.Before, after, c.After), []byte("\n"))
	return string(text)
}

// sorted orders changes by path.
func sorted(changes []Change) []Change {
	slices.SortFunc(changes, func(a, b Change) int { return cmp.Compare(a.Path, b.Path) })
	return changes
}

// Apply is the tree after changes, in memory.
func Apply(t *tree.Tree, changes []Change) (*tree.Tree, error) {
	files := map[string][]byte{}
	refused := t.Refused()
	for _, name := range t.Files(".") {
		if refused[name] != nil {
			continue // Flux does not store it either
		}
		text, err := t.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("copy the tree: %w", err)
		}
		files[name] = text
	}
	for _, c := range changes {
		if c.Removed() {
			delete(files, c.Path)
			continue
		}
		files[c.Path] = c.After
	}
	return tree.New(files), nil
}
