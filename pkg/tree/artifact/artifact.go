// Package artifact assembles the external artifacts of an ArtifactGenerator from the files of a
// tree, as source-watcher does. Nothing is written, and no path leaves a source or the artifact.
//
// Source of the rules: github.com/fluxcd/source-watcher v2.2.1, internal/builder (builder.go,
// merge.go), which works on directories on disk and is internal.
package artifact

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// Copy is an operation of spec.artifacts[].copy.
type Copy struct {
	// From is "@ALIAS/PATTERN", To is "@artifact/PATH".
	From, To string
	Exclude  []string
	// Strategy is Overwrite, Merge or Extract; "" is Overwrite.
	Strategy string
}

// The strategies besides Overwrite.
const (
	mergeStrategy   = "Merge"
	extractStrategy = "Extract"
)

// The reasons of errors, besides tree.ErrTooLarge and those of files that can't be read.
var (
	// ErrMissing: no file matches.
	ErrMissing = errors.New("no such file")
	// ErrInvalid: source-watcher rejects the operation.
	ErrInvalid = errors.New("not valid")
	// ErrUnsupported: this package can't do it, but source-watcher can.
	ErrUnsupported = errors.New("not supported")
)

// Error is the error of one operation.
type Error struct {
	// Copy is the index of the operation.
	Copy int
	// Message is one sentence, without a period.
	Message string
	reason  error
}

// Error has the message.
func (e *Error) Error() string { return e.Message }

// Unwrap is the reason.
func (e *Error) Unwrap() error { return e.reason }

func fail(reason error, format string, args ...any) error {
	return &Error{Message: fmt.Sprintf(format, args...), reason: reason}
}

// The limits of an artifact.
const (
	// maxCopies is the number of its operations.
	maxCopies = 1000
	// maxCopied is the number of files that they match or copy, with those that are overwritten.
	maxCopied = 2 * tree.MaxFiles
	// maxMerged is the size of the files that are merged, in bytes.
	maxMerged = tree.MaxFile
	// maxPattern is the length of a pattern, and maxAlternatives the number of its braces: the time
	// to match it doubles with each.
	maxPattern, maxAlternatives = 1024, 8
)

// Alias is the alias in the field "from" of an operation, "" if it has none.
func Alias(from string) string {
	alias, _, err := splitFrom(from)
	if err != nil {
		return ""
	}
	return alias
}

func splitFrom(from string) (alias, pattern string, err error) {
	rest, ok := strings.CutPrefix(from, "@")
	if !ok {
		return "", "", fail(ErrInvalid, "%q does not begin with @", from)
	}
	alias, pattern, ok = strings.Cut(rest, "/")
	if !ok {
		return "", "", fail(ErrInvalid, "%q does not have the form @ALIAS/PATTERN", from)
	}
	return alias, pattern, nil
}

// Assemble copies files of a tree into an artifact. The sources are the files of the tree that each
// alias has. The error is an *Error.
func Assemble(t *tree.Tree, sources map[string]*Files, copies []Copy) (*tree.Tree, error) {
	s := &staging{tree: t, files: map[string]tree.Arranged{}, dirs: map[string]bool{".": true}}
	for i, c := range copies {
		err := s.apply(sources, c)
		if i == maxCopies {
			err = fail(tree.ErrTooLarge, "the artifact has more than %d operations", maxCopies)
		}
		if err != nil {
			failed := (*Error)(nil)
			if !errors.As(err, &failed) {
				failed = &Error{Message: err.Error(), reason: err}
			}
			failed.Copy = i
			return nil, failed
		}
	}
	return t.Arrange(s.files), nil
}

// staging is an artifact while it is assembled.
type staging struct {
	tree  *tree.Tree
	files map[string]tree.Arranged
	dirs  map[string]bool
	// copied and merged count against the limits.
	copied, merged int
}

// apply applies one operation.
func (s *staging) apply(sources map[string]*Files, c Copy) error {
	alias, pattern, err := splitFrom(c.From)
	if err != nil {
		return err
	}
	to, ok := strings.CutPrefix(c.To, "@artifact/")
	if !ok {
		return fail(ErrInvalid, "%q does not begin with @artifact/", c.To)
	}
	source, ok := sources[alias]
	if !ok {
		return fail(ErrInvalid, "the source alias %s does not exist", alias)
	}
	if c.Strategy == extractStrategy {
		return fail(ErrUnsupported, "%s is extracted from archives (strategy Extract), which is not supported", c.To)
	}
	for _, exclude := range append([]string{pattern}, c.Exclude...) {
		if len(exclude) > maxPattern || strings.Count(exclude, "{") > maxAlternatives {
			return fail(tree.ErrTooLarge, "the pattern of %s is too long", c.From)
		}
	}
	for _, exclude := range c.Exclude {
		if !doublestar.ValidatePattern(exclude) {
			return fail(ErrInvalid, "the exclude pattern %q is not valid", exclude)
		}
	}
	if strings.ContainsAny(pattern, "*?[]") {
		return s.glob(source, c, alias, pattern, to)
	}
	return s.single(source, c, alias, path.Clean(pattern), to)
}

// glob copies what a pattern matches. As in source-watcher, ** matches one element of a path, like *,
// but directories are copied with what is in them.
func (s *staging) glob(source *Files, c Copy, alias, pattern, to string) error {
	matches, err := fs.Glob(source, pattern)
	if err != nil {
		return fail(ErrInvalid, "the pattern %q is not valid", pattern)
	}
	if len(matches) == 0 {
		return fail(ErrMissing, "no files match %s in the source %s", pattern, alias)
	}
	if err := s.count(len(matches)); err != nil {
		return err
	}
	base := literalPrefix(pattern)
	copied := false
	for _, match := range matches {
		if match == "." || excluded(match, base, c.Exclude) {
			continue
		}
		copied = true
		name := match
		if prefix, ok := strings.CutSuffix(pattern, "/**"); ok {
			name = strings.TrimPrefix(match, prefix+"/")
		}
		if err := s.copy(source, c, match, join(to, name), base); err != nil {
			return err
		}
	}
	if !copied {
		return fail(ErrMissing, "all files that match %s in the source %s are excluded", pattern, alias)
	}
	return nil
}

// single copies a file or directory, as cp does.
func (s *staging) single(source *Files, c Copy, alias, name, to string) error {
	switch {
	case source.isDir(name):
		return s.copy(source, c, name, join(to, path.Base(name)), name)
	case !source.isFile(name):
		return fail(ErrMissing, "%s does not exist in the source %s", name, alias)
	case excluded(name, ".", c.Exclude):
		return nil
	case strings.HasSuffix(to, "/") || to == "" || s.dirs[path.Clean(to)]:
		return s.copy(source, c, name, join(to, path.Base(name)), ".")
	}
	parts := strings.Split(to, "/")
	for i, part := range parts {
		if part == ".." && !s.dirs[path.Join(parts[:i]...)] {
			return fail(ErrInvalid, "%q is in a directory that does not exist in the artifact", to)
		}
	}
	return s.copy(source, c, name, to, ".")
}

// join is a path in the artifact. That of a directory with an empty name is not cleaned, so that one
// that begins with a slash stays invalid.
func join(to, name string) string {
	if strings.HasPrefix(to, "/") {
		return to
	}
	return path.Join(to, name)
}

// copy copies a file, or a directory with what is in it.
func (s *staging) copy(source *Files, c Copy, from, to, base string) error {
	if source.isDir(from) {
		return s.copyDir(source, c, from, to, base)
	}
	if earlier, exists := s.files[path.Clean(to)]; exists && c.Strategy == mergeStrategy {
		return s.merge(earlier, from, path.Clean(to))
	}
	return s.put(from, to)
}

func (s *staging) copyDir(source *Files, c Copy, dir, to, base string) error {
	if err := s.mkdir(path.Clean(to)); err != nil {
		return err
	}
	return fs.WalkDir(source, dir, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case s.count(1) != nil:
			return s.count(0)
		case name == dir:
			return nil
		case excluded(name, base, c.Exclude):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		below := path.Join(to, strings.TrimPrefix(strings.TrimPrefix(name, dir), "/"))
		if dir == "." {
			below = path.Join(to, name)
		}
		if entry.IsDir() {
			return s.mkdir(below)
		}
		return s.put(name, below)
	})
}

// count counts files against the limit.
func (s *staging) count(n int) error {
	if s.copied += n; s.copied > maxCopied {
		return fail(tree.ErrTooLarge, "more than %d files are copied", maxCopied)
	}
	return nil
}

// put adds a file, and replaces one that exists.
func (s *staging) put(from, to string) error {
	to, err := s.target(to)
	if err != nil {
		return err
	}
	if s.dirs[to] {
		return fail(ErrInvalid, "%s is copied to %s, which is a directory", from, to)
	}
	s.files[to] = tree.Arranged{File: from}
	return nil
}

// target is a path in the artifact, whose directory is created.
func (s *staging) target(to string) (string, error) {
	if !fs.ValidPath(path.Clean(to)) || path.Clean(to) == "." {
		return "", fail(ErrInvalid, "%q is outside of the artifact", to)
	}
	return path.Clean(to), s.mkdir(path.Dir(path.Clean(to)))
}

func (s *staging) mkdir(dir string) error {
	if !fs.ValidPath(dir) {
		return fail(ErrInvalid, "%q is outside of the artifact", dir)
	}
	for ; !s.dirs[dir]; dir = path.Dir(dir) {
		if _, exists := s.files[dir]; exists {
			return fail(ErrInvalid, "%s is a file in the artifact, and can't be a directory", dir)
		}
		s.dirs[dir] = true
	}
	return nil
}

// literalPrefix is the directory before the first element of a pattern that is not literal.
func literalPrefix(pattern string) string {
	var literal []string
	for part := range strings.SplitSeq(path.Clean(pattern), "/") {
		if strings.ContainsAny(part, "*?[]") {
			break
		}
		literal = append(literal, part)
	}
	return path.Join(append([]string{"."}, literal...)...)
}

// excluded reports whether a pattern matches a path in the source, or the path below a directory. A
// pattern without a slash matches the name of a file in any directory.
func excluded(name, base string, patterns []string) bool {
	if anyMatches(name, patterns) {
		return true
	}
	below, ok := strings.CutPrefix(name, base+"/")
	return ok && base != "." && anyMatches(below, patterns)
}

func anyMatches(name string, patterns []string) bool {
	for _, pattern := range patterns {
		if doublestar.MatchUnvalidated(pattern, name) || !strings.Contains(pattern, "/") && doublestar.MatchUnvalidated(pattern, path.Base(name)) {
			return true
		}
	}
	return false
}
