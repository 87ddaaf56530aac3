// Package build builds what a Kustomization of Flux applies, from the files of a tree, as
// kustomize-controller does: with kustomize's own library, in memory. It reads nothing outside of
// the tree. kustomize itself never uses the network and runs no program: what remote references
// name is downloaded before it runs, from the hosts that the user allows, and by default not at all.
//
// Flux's library github.com/fluxcd/pkg/kustomize does the same from a directory on disk, which
// it changes; a test compares the results.
package build

import (
	"bytes"
	"path"
	"slices"
	"strings"

	"github.com/fluxcd/pkg/sourceignore"
	"github.com/fluxcd/pkg/sourceignore/gitignore"

	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/remote"
)

// Source is a tree as source-controller stores it: without the files that it ignores.
type Source struct {
	Tree    *tree.Tree
	ignored map[string]bool
	// remote downloads remote references; nil downloads none.
	remote *remote.Fetcher
	// kind is "tree" or "artifact".
	kind string
}

// With is the source with the remote references that a fetcher downloads.
func (s *Source) With(fetcher *remote.Fetcher) *Source {
	return &Source{Tree: s.Tree, ignored: s.ignored, remote: fetcher, kind: s.kind}
}

// NewSource is a tree without the files that match source-controller's default patterns, or,
// if there are any, those of .sourceignore files and of spec.ignore. An ignore of nil means
// that the source has no spec.ignore. Source of the rules: SourceIgnoreFilter in
// github.com/fluxcd/pkg/artifact v0.18.1, storage/archive.go.
func NewSource(t *tree.Tree, ignore *string) *Source {
	patterns := ignorePatterns(t, ".", nil)
	if ignore != nil {
		patterns = append(patterns, sourceignore.ReadPatterns(strings.NewReader(*ignore), nil)...)
	}
	matcher := sourceignore.NewDefaultMatcher(nil, nil)
	if len(patterns) > 0 {
		matcher = sourceignore.NewMatcher(append(sourceignore.VCSPatterns(nil), patterns...))
	}
	s := &Source{Tree: t, ignored: map[string]bool{}, kind: "tree"}
	s.ignore(".", nil, matcher)
	return s
}

// NewArtifact is a tree as source-watcher stores it as an external artifact: without the files that
// match the default patterns. It reads no .sourceignore. Source: Build in
// github.com/fluxcd/source-watcher v2.2.1, internal/builder/builder.go.
func NewArtifact(t *tree.Tree) *Source {
	s := &Source{Tree: t, ignored: map[string]bool{}, kind: "artifact"}
	s.ignore(".", nil, sourceignore.NewDefaultMatcher(nil, nil))
	return s
}

// position is a position in the user's tree, of which the source may have the files at other paths.
func (s *Source) position(p tree.Position) tree.Position { return in(s.Tree.Origin(p.File), p) }

// Files are the files of the source that can be read.
func (s *Source) Files() []string {
	refused := s.Tree.Refused()
	return slices.DeleteFunc(s.Tree.Files("."), func(file string) bool { return s.ignored[file] || refused[file] != nil })
}

// ignorePatterns reads the .sourceignore files of a directory and those below it.
func ignorePatterns(t *tree.Tree, dir string, domain []string) []gitignore.Pattern {
	var patterns []gitignore.Pattern
	for _, name := range t.Children(dir) {
		child := path.Join(dir, name)
		switch {
		case name == sourceignore.IgnoreFile && !t.IsDir(child):
			if text, err := t.ReadFile(child); err == nil {
				patterns = append(patterns, sourceignore.ReadPatterns(bytes.NewReader(text), domain)...)
			}
		case t.IsDir(child):
			below := append(append([]string{}, domain...), name)
			patterns = append(patterns, ignorePatterns(t, child, below)...)
		}
	}
	return patterns
}

// ignore marks what a matcher ignores below a directory.
func (s *Source) ignore(dir string, parts []string, matcher gitignore.Matcher) {
	for _, name := range s.Tree.Children(dir) {
		child := path.Join(dir, name)
		below := append(append([]string{}, parts...), name)
		isDir := s.Tree.IsDir(child)
		switch {
		case matcher.Match(below, isDir) && !isDir:
			s.ignored[child] = true
		case isDir:
			s.ignore(child, below, matcher)
		}
	}
}

// Ignored reports whether a file of the tree is missing in what source-controller stores.
func (s *Source) Ignored(file string) bool { return s.ignored[file] }

// exists reports whether a file or directory is in the source.
func (s *Source) exists(name string) bool { return s.Tree.Exists(name) && !s.ignored[name] }
