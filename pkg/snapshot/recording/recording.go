// Package recording opens recordings of a cluster: a snapshot file, an example that ships
// with the program, or objects that kubectl printed.
package recording

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/examples"
	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/file"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/manifest"
)

// ExamplePrefix marks a name in From that is an example, which ships with the program.
const ExamplePrefix = "example:"

// Source specifies a recording.
type Source struct {
	// From are files, directories, "-" for standard input, or examples.
	From []string
	// At is the time, as RFC 3339, at which kubectl printed the objects; if it is empty, the
	// newest time in them. A snapshot has its own.
	At string
	// Complete treats objects that kubectl did not print as absent. A snapshot records what
	// was read.
	Complete bool
}

// Name lists what is in From, for messages.
func (s Source) Name() string { return strings.Join(s.From, ", ") }

// Flags are the flags of the command line that name this source, to copy; each begins with
// a space.
func (s Source) Flags() string {
	text := ""
	for _, from := range s.From {
		text += " --from=" + escape.ShellWord(from)
	}
	if s.At != "" {
		text += " --at=" + escape.ShellWord(s.At)
	}
	if s.Complete {
		text += " --assume-complete"
	}
	return text
}

// Examples are the names of all examples, with their prefix, in alphabetical order.
func Examples() []string {
	names := examples.Names()
	for i, name := range names {
		names[i] = ExamplePrefix + name
	}
	return names
}

// Read reads the recording until the context ends: reading a terminal or a pipe waits for
// its writer, and a signal must still end the program. The errors name the file and what is
// wrong with it.
func Read(ctx context.Context, s Source, stdin io.Reader) (*snapshot.Snapshot, error) {
	type result struct {
		snap *snapshot.Snapshot
		err  error
	}
	done := make(chan result, 1)
	go func() {
		snap, err := s.read(stdin)
		done <- result{snap, err}
	}()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-done:
		return r.snap, r.err
	}
}

// sniffed is how much of a file is read to detect its format, in bytes: an object's data,
// which the API server limits to 1 MiB, precedes its kind.
const sniffed = 2 << 20

// read reads a snapshot, or the output of kubectl.
func (s Source) read(stdin io.Reader) (*snapshot.Snapshot, error) {
	var files []recordedFile
	for _, from := range s.From {
		found, err := filesOf(from, stdin)
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	opts, err := s.options()
	if err != nil {
		return nil, err
	}
	name := s.Name()
	if len(files) == 1 {
		return s.readOne(files[0], opts)
	}
	list := make([]manifest.File, len(files))
	for i, file := range files {
		list[i] = manifest.File{Name: file.name, Content: &printedFile{recordedFile: file}, Size: file.size}
	}
	snap, err := manifest.ReadObjects(list, opts)
	if errors.Is(err, errPacked) {
		return nil, advice.Add(fmt.Errorf("reading %s: a snapshot can't be combined with other files", name),
			"Specify one snapshot, or only files that kubectl printed.")
	}
	if err != nil {
		return nil, fmt.Errorf("reading the objects in %s: %w", name, err)
	}
	return snap, nil
}

// readOne reads the only file, a snapshot or the output of kubectl.
func (s Source) readOne(path recordedFile, opts manifest.ObjectsOptions) (snap *snapshot.Snapshot, err error) {
	opened, err := path.open()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, opened.Close()) }()
	content := bufio.NewReaderSize(opened, sniffed)
	begin, err := content.Peek(sniffed)
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("reading the snapshot %s: %w", path.name, err)
	}
	if !file.IsPacked(begin) && looksLikeObjects(begin) {
		snap, err := manifest.ReadObjects([]manifest.File{{Name: path.name, Content: content, Size: path.size}}, opts)
		if err != nil {
			return nil, fmt.Errorf("reading the objects in %s: %w", path.name, err)
		}
		return snap, nil
	}
	if s.At != "" || s.Complete {
		return nil, advice.Add(fmt.Errorf("--at and --assume-complete have no effect on the snapshot %s: it records its time and what was read", path.name), "Remove them.")
	}
	if snap, err = file.Read(content); err != nil {
		return nil, fmt.Errorf("reading the snapshot %s: %w", path.name, err)
	}
	return snap, nil
}

// looksLikeObjects distinguishes the output of kubectl from other files. In UTF-16 each
// letter has one more byte.
func looksLikeObjects(content []byte) bool {
	return manifest.IsUTF16(content) || bytes.Contains(content, []byte("kind")) && bytes.Contains(content, []byte("apiVersion"))
}

func (s Source) options() (manifest.ObjectsOptions, error) {
	opts := manifest.ObjectsOptions{Read: time.Now()}
	if s.At != "" {
		at, err := time.Parse(time.RFC3339, s.At)
		if err != nil {
			return opts, advice.Add(fmt.Errorf("--at %q is not a time", s.At), "For example: 2026-01-31T14:05:00Z.")
		}
		opts.At = at
	}
	opts.Complete = s.Complete
	return opts, nil
}

// recordedFile is a file that --from names, or one of a directory.
type recordedFile struct {
	name string
	// size is 0 if it is not known.
	size int64
	open func() (io.ReadCloser, error)
}

// filesOf returns an example, standard input, a file, or all JSON and YAML files below a
// directory, without reading them.
func filesOf(from string, stdin io.Reader) ([]recordedFile, error) {
	if name, ok := strings.CutPrefix(from, ExamplePrefix); ok {
		content, err := examples.Open(name)
		if err != nil {
			return nil, advice.Add(fmt.Errorf("unknown example %q", name), "Examples: %s.", strings.Join(Examples(), ", "))
		}
		return []recordedFile{{from, 0, func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }}}, nil
	}
	if from == "-" {
		return []recordedFile{{from, 0, func() (io.ReadCloser, error) { return io.NopCloser(stdin), nil }}}, nil
	}
	info, err := os.Stat(from)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, advice.Add(fmt.Errorf("file %s does not exist", from),
			"Create one with: kubectl orthweb snapshot save %s\nOr try --from=example:healthy.", escape.ShellWord(from))
	case err != nil:
		return nil, fmt.Errorf("opening the snapshot: %w", err)
	case info.IsDir():
		return directory(from)
	}
	return []recordedFile{onDisk(from, info)}, nil
}

func onDisk(path string, info fs.FileInfo) recordedFile {
	var size int64
	if info.Mode().IsRegular() { // the size of others has no meaning
		size = info.Size()
	}
	return recordedFile{path, size, func() (io.ReadCloser, error) {
		file, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("opening the snapshot: %w", err)
		}
		return file, nil
	}}
}

// directory returns a tree of files, in the order of their names.
func directory(root string) ([]recordedFile, error) {
	var files []recordedFile
	top, err := filepath.EvalSymlinks(root) // WalkDir follows no links, not even this one
	if err != nil {
		return nil, fmt.Errorf("opening the directory: %w", err)
	}
	err = filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !slices.Contains([]string{".json", ".yaml", ".yml"}, filepath.Ext(path)) {
			return err
		}
		info, err := os.Stat(path) // of a link's target
		if err == nil && !info.Mode().IsRegular() {
			err = fmt.Errorf("reading the directory %s: %s is not a regular file", root, path)
		}
		if err == nil {
			files = append(files, onDisk(path, info))
		}
		return err
	})
	if err == nil && len(files) == 0 {
		return nil, advice.Add(fmt.Errorf("directory %s has no .json or .yaml file", root), "Specify a directory that 'kubectl cluster-info dump --output-directory' created.")
	}
	return files, err
}

// errPacked is the error of a snapshot among files that kubectl printed.
var errPacked = errors.New("this is a snapshot")

// printedFile is one of several files. It is open only while it is read: a directory may
// have more files than a process may open.
type printedFile struct {
	recordedFile
	opened  io.ReadCloser
	content *bufio.Reader
	// end is the error that reading ended with, and that further reads return.
	end error
}

// Read opens the file, reads it, and closes it at its end.
func (p *printedFile) Read(b []byte) (int, error) {
	if p.end != nil {
		return 0, p.end
	}
	if p.content == nil {
		opened, err := p.open()
		if err != nil {
			return 0, err
		}
		p.opened, p.content = opened, bufio.NewReader(opened)
		if begin, _ := p.content.Peek(2); file.IsPacked(begin) {
			return 0, errors.Join(errPacked, opened.Close())
		}
	}
	n, err := p.content.Read(b)
	if err != nil {
		if closed := p.opened.Close(); err == io.EOF && closed != nil {
			err = closed
		}
		p.end = err
	}
	return n, err
}
