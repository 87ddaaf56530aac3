// Package source is what Flux's controllers store of a tree, and the files that a build reads: those of
// a source, and what remote references name.
package source

import (
	"bytes"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/fluxcd/pkg/sourceignore"
	"github.com/fluxcd/pkg/sourceignore/gitignore"

	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/remote"
)

// Source is a tree as source-controller stores it: without the files that it ignores.
type Source struct {
	Tree *tree.Tree
	// Remote downloads remote references; nil downloads none.
	Remote *remote.Fetcher
	// Kind is "tree" or "artifact".
	Kind string
	// Work is that of all builds so far. Sources of one tree share it.
	Work    *Work
	ignored map[string]bool
	// cache has the results of Cached.
	cache sync.Map
}

// New is a tree without the files that match source-controller's default patterns, or,
// if there are any, those of .sourceignore files and of spec.ignore. An ignore of nil means
// that the source has no spec.ignore. A fetcher of nil downloads no remote references. Source of the
// rules: SourceIgnoreFilter in github.com/fluxcd/pkg/artifact v0.18.1, storage/archive.go.
func New(t *tree.Tree, ignore *string, fetcher *remote.Fetcher) *Source {
	return newSource(t, ignore, fetcher, &Work{Limit: maxWork})
}

// With is the same tree with the spec.ignore of another source. The limit for the work of builds
// is for both together.
func (s *Source) With(ignore *string) *Source {
	if s.Work.Spend(len(s.Tree.Files("."))*stepsFile) != nil {
		return s // nothing more is built
	}
	return newSource(s.Tree, ignore, s.Remote, s.Work)
}

func newSource(t *tree.Tree, ignore *string, fetcher *remote.Fetcher, work *Work) *Source {
	patterns := ignorePatterns(t, ".", nil)
	if ignore != nil {
		patterns = append(patterns, sourceignore.ReadPatterns(strings.NewReader(*ignore), nil)...)
	}
	matcher := sourceignore.NewDefaultMatcher(nil, nil)
	if len(patterns) > 0 {
		matcher = sourceignore.NewMatcher(append(sourceignore.VCSPatterns(nil), patterns...))
	}
	s := &Source{Tree: t, ignored: map[string]bool{}, Remote: fetcher, Kind: "tree", Work: work}
	s.ignore(".", nil, matcher)
	return s
}

// Artifact is a tree of files of the source, as source-watcher stores it as an external artifact:
// without the files that match the default patterns. It reads no .sourceignore. Source: Build in
// github.com/fluxcd/source-watcher v2.2.1, internal/builder/builder.go.
// The limit for the work of builds is for both together.
func (s *Source) Artifact(t *tree.Tree) *Source {
	a := &Source{Tree: t, ignored: map[string]bool{}, Remote: s.Remote, Kind: "artifact", Work: s.Work}
	a.ignore(".", nil, sourceignore.NewDefaultMatcher(nil, nil))
	return a
}

// Position is a position in the user's tree, of which the source may have the files at other paths.
func (s *Source) Position(p tree.Position) tree.Position { return p.In(s.Tree.Origin(p.File)) }

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

// Exists reports whether a file or directory is in the source.
func (s *Source) Exists(name string) bool { return s.Tree.Exists(name) && !s.ignored[name] }

// Cached is what a function finds out about the files of a source. It is called once for a key, whose
// type is that of the caller, as for context.WithValue; more often if several goroutines need it.
func Cached[T any](s *Source, key any, find func() T) T {
	known, ok := s.cache.Load(key)
	if !ok {
		known, _ = s.cache.LoadOrStore(key, find())
	}
	return known.(T)
}
