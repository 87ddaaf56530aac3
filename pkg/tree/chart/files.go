package chart

import (
	"bytes"
	"errors"
	"io/fs"
	"path"
	"strings"
	"time"

	"helm.sh/helm/v4/pkg/ignore"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/source"
)

// The limits of a chart.
const (
	// maxFiles is the number of files.
	maxFiles = 5_000
	// maxFile is the size of a file, in bytes: source-controller's limit (v1.9.5,
	// internal/helm/helm.go).
	maxFile = 5 << 20
	// maxBytes is the size of all files together.
	maxBytes = 32 << 20
)

// Chart is a chart of a tree: its files as source-controller packages them.
type Chart struct {
	// Path is the directory or archive in the tree.
	Path  string
	files []File
	// local are the charts of dependencies that are directories beside the chart, by repository.
	local map[string][]File
	bytes int
}

// Load reads a chart of a source: a directory, or an archive. The error is an *Error.
func Load(s *source.Source, name string) (*Chart, error) {
	c := &Chart{Path: inTree(name), local: map[string][]File{}}
	switch {
	case !s.Tree.Exists(c.Path) || s.Ignored(c.Path):
		return nil, problem(Failed, "the chart %s does not exist", name)
	case !s.Tree.IsDir(c.Path):
		data, err := s.Tree.ReadFile(c.Path)
		if err != nil {
			return nil, readError(c.Path, err)
		}
		c.files = []File{{Path: c.Path, Data: data}}
		return c, nil
	}
	if metadata := path.Join(c.Path, "Chart.yaml"); !s.Tree.Exists(metadata) || s.Ignored(metadata) {
		return nil, problem(Failed, "the directory %s has no Chart.yaml", name)
	}
	var err error
	if c.files, err = c.read(s, c.Path); err != nil {
		return nil, err
	}
	return c, c.readLocal(s)
}

// inTree is a path of a source as one of the tree: as securejoin in source-controller, .. can't
// leave the root.
func inTree(name string) string {
	if clean := strings.TrimPrefix(path.Clean("/"+name), "/"); clean != "" {
		return clean
	}
	return "."
}

// readLocal reads the directories that dependencies name with file://. Source:
// DependencyManager.secureLocalChartPath in source-controller v1.9.5, internal/helm/chart.
func (c *Chart) readLocal(s *source.Source) error {
	for _, name := range []string{"Chart.yaml", "Chart.lock", "requirements.yaml", "requirements.lock"} {
		documents, err := s.Tree.Documents(path.Join(c.Path, name))
		if err != nil || len(documents) == 0 {
			continue // Helm reports it
		}
		for _, dependency := range object.List(documents[0].Object, "dependencies") {
			repository := object.Text(dependency, "repository")
			below, ok := strings.CutPrefix(repository, "file://")
			dir := inTree(path.Join(c.Path, below))
			if !ok || c.local[repository] != nil || !s.Tree.IsDir(dir) {
				continue
			}
			if c.local[repository], err = c.read(s, dir); err != nil {
				return err
			}
		}
	}
	return nil
}

// read reads the files of a directory, without those that .helmignore names. Symbolic links are
// not in what source-controller stores.
func (c *Chart) read(s *source.Source, dir string) ([]File, error) {
	rules, err := ignoreRules(s, dir)
	if err != nil {
		return nil, err
	}
	refused := s.Tree.Refused()
	var files []File
	var walk func(below string) error
	walk = func(below string) error {
		for _, base := range s.Tree.Children(path.Join(dir, below)) {
			name := path.Join(below, base)
			full := path.Join(dir, name)
			switch isDir := s.Tree.IsDir(full); {
			case refused[full] != nil, s.Ignored(full), rules.Ignore(name, fileInfo{base, isDir}):
				continue
			case isDir:
				if err := walk(name); err != nil {
					return err
				}
				continue
			}
			data, err := s.Tree.ReadFile(full)
			if err != nil {
				return readError(full, err)
			}
			if c.bytes += len(data); len(files) >= maxFiles || c.bytes > maxBytes {
				return problem(Limited, "the chart %s has more than %d files or %d MiB", c.Path, maxFiles, maxBytes>>20)
			}
			if len(data) > maxFile {
				return &Error{Failed, tree.Position{File: full}, "the file is larger than 5 MiB, which source-controller does not accept in a chart"}
			}
			files = append(files, File{Name: name, Path: full, Data: bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))})
		}
		return nil
	}
	return files, walk(".")
}

func readError(file string, err error) error {
	reason := Failed
	if errors.Is(err, tree.ErrTooLarge) {
		reason = Limited
	}
	return &Error{reason, tree.Position{File: file}, err.Error()}
}

// ignoreRules are those of .helmignore.
func ignoreRules(s *source.Source, dir string) (*ignore.Rules, error) {
	rules := ignore.Empty()
	file := path.Join(dir, ignore.HelmIgnore)
	if text, err := s.Tree.ReadFile(file); err == nil && !s.Ignored(file) {
		if rules, err = ignore.Parse(bytes.NewReader(text)); err != nil {
			return nil, &Error{Failed, tree.Position{File: file}, err.Error()}
		}
	}
	rules.AddDefaults()
	return rules, nil
}

// fileInfo is what rules of .helmignore ask of a file.
type fileInfo struct {
	name string
	dir  bool
}

func (f fileInfo) Name() string       { return f.name }
func (f fileInfo) Size() int64        { return 0 }
func (f fileInfo) Mode() fs.FileMode  { return 0 }
func (f fileInfo) ModTime() time.Time { return time.Time{} }
func (f fileInfo) IsDir() bool        { return f.dir }
func (f fileInfo) Sys() any           { return nil }

// ValuesFiles reads the files of spec.chart.spec.valuesFiles, which are relative to the source.
// The chart's own values.yaml alone is none. Source: mergeFileValues in source-controller v1.9.5,
// internal/helm/chart/builder_local.go.
func ValuesFiles(s *source.Source, names []string, ignoreMissing bool) ([]File, error) {
	if len(names) == 1 && path.Clean(names[0]) == "values.yaml" {
		return nil, nil
	}
	var files []File
	for _, name := range names {
		full := inTree(name)
		text, err := s.Tree.ReadFile(full)
		missing := errors.Is(err, fs.ErrNotExist) || s.Ignored(full)
		switch {
		case missing && ignoreMissing:
			continue
		case missing || s.Tree.IsDir(full):
			return nil, problem(Failed, "the values file %s does not exist", name)
		case err != nil:
			return nil, readError(full, err)
		}
		files = append(files, File{Name: name, Path: full, Data: text})
	}
	return files, nil
}
