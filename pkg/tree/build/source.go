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
	"sync"
	"sync/atomic"

	"github.com/fluxcd/pkg/sourceignore"
	"github.com/fluxcd/pkg/sourceignore/gitignore"
	"sigs.k8s.io/kustomize/api/types"

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
	// work is that of all builds so far, limit the most that is built. Sources of one tree share
	// the work.
	work  *atomic.Int64
	limit int64
	// parsed are the kustomizations that others use, by their files, sizes the sizes of documents.
	mu     sync.Mutex
	parsed map[string]parsedKustomization
	sizes  map[*tree.Document]int
	// lines are those of templates, by file.
	lines sync.Map
}

// parsedKustomization is a kustomization, or why it can't be parsed: an *Error.
type parsedKustomization struct {
	k   *types.Kustomization
	err error
}

// NewSource is a tree without the files that match source-controller's default patterns, or,
// if there are any, those of .sourceignore files and of spec.ignore. An ignore of nil means
// that the source has no spec.ignore. Source of the rules: SourceIgnoreFilter in
// github.com/fluxcd/pkg/artifact v0.18.1, storage/archive.go.
func NewSource(t *tree.Tree, ignore *string) *Source {
	return newSource(t, ignore, nil, new(atomic.Int64), maxWork)
}

// NewSourceWith is NewSource, with the remote references that a fetcher downloads.
func NewSourceWith(t *tree.Tree, ignore *string, fetcher *remote.Fetcher) *Source {
	return newSource(t, ignore, fetcher, new(atomic.Int64), maxWork)
}

// With is the same tree with the spec.ignore of another source. The limit for the work of builds
// is for both together.
func (s *Source) With(ignore *string) *Source {
	if !s.spend(len(s.Tree.Files(".")) * stepsFile) {
		return s // nothing more is built
	}
	return newSource(s.Tree, ignore, s.remote, s.work, s.limit)
}

func newSource(t *tree.Tree, ignore *string, fetcher *remote.Fetcher, work *atomic.Int64, limit int64) *Source {
	patterns := ignorePatterns(t, ".", nil)
	if ignore != nil {
		patterns = append(patterns, sourceignore.ReadPatterns(strings.NewReader(*ignore), nil)...)
	}
	matcher := sourceignore.NewDefaultMatcher(nil, nil)
	if len(patterns) > 0 {
		matcher = sourceignore.NewMatcher(append(sourceignore.VCSPatterns(nil), patterns...))
	}
	s := &Source{
		Tree: t, ignored: map[string]bool{}, remote: fetcher, kind: "tree", work: work, limit: limit,
		parsed: map[string]parsedKustomization{}, sizes: map[*tree.Document]int{},
	}
	s.ignore(".", nil, matcher)
	return s
}

// kustomization is a kustomization file of a build. One of the source is parsed once for all
// builds, unless it has remote references: these are replaced in it. The error is an *Error.
func (f *files) kustomization(file string) (*types.Kustomization, error) {
	if f.mountOf(file) != nil {
		return f.parse(file)
	}
	s := f.source
	s.mu.Lock()
	defer s.mu.Unlock()
	p, known := s.parsed[file]
	if !known {
		p.k, p.err = f.parse(file)
		if p.err != nil || !slices.ContainsFunc(references(p.k), func(r reference) bool { return isRemote(r.path) }) {
			s.parsed[file] = p
		}
	}
	return p.k, p.err
}

// parse reads a kustomization file.
func (f *files) parse(file string) (*types.Kustomization, error) {
	text, err := f.read(file)
	if err != nil {
		return nil, problem(tree.Position{File: file}, Unreadable, "%v", err)
	}
	k := &types.Kustomization{}
	if err := parseKustomization(f, file, text, k); err != nil {
		return nil, problem(errorPosition(file, err), Malformed, "%s is not a kustomization: %v", f.shownName(file), reasonOf(err))
	}
	return k, nil
}

// Artifact is a tree of files of the source, as source-watcher stores it as an external artifact: without the files that
// match the default patterns. It reads no .sourceignore. Source: Build in
// github.com/fluxcd/source-watcher v2.2.1, internal/builder/builder.go.
// The limit for the work of builds is for both together.
func (s *Source) Artifact(t *tree.Tree) *Source {
	a := &Source{
		Tree: t, ignored: map[string]bool{}, remote: s.remote, kind: "artifact", work: s.work, limit: s.limit,
		parsed: map[string]parsedKustomization{}, sizes: map[*tree.Document]int{},
	}
	a.ignore(".", nil, sourceignore.NewDefaultMatcher(nil, nil))
	return a
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
