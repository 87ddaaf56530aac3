package plugin

import (
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
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// maxFile bounds what is read of one file, in bytes.
const maxFile = 512 << 20

// readRecorded reads what was recorded until the context ends: reading a terminal or
// a pipe waits for its writer, and a signal must end the program all the same.
func (f *factsFlags) readRecorded(ctx context.Context, o origin) (*snapshot.Snapshot, error) {
	type result struct {
		snap *snapshot.Snapshot
		err  error
	}
	done := make(chan result, 1)
	go func() {
		snap, err := f.recorded(o)
		done <- result{snap, err}
	}()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-done:
		return r.snap, r.err
	}
}

// recorded reads a snapshot, or what kubectl printed.
func (f *factsFlags) recorded(o origin) (*snapshot.Snapshot, error) {
	var files []snapshot.File
	for _, from := range o.from {
		found, err := f.files(from)
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	name := strings.Join(o.from, ", ")
	if len(files) > 1 && slices.ContainsFunc(files, func(f snapshot.File) bool { return packed(f.Content) }) {
		return nil, withHint(fmt.Errorf("reading %s: a snapshot can't be combined with other files", name),
			"Give one snapshot, or only files that kubectl printed.")
	}
	if len(files) == 1 && (packed(files[0].Content) || !looksLikeObjects(files[0].Content)) {
		if o.at != "" || o.complete {
			return nil, withHint(fmt.Errorf("--at and --assume-complete have no effect on the snapshot %s: it has its own time, and knows what was read", name), "Leave them out.")
		}
		snap, err := snapshot.Read(bytes.NewReader(files[0].Content))
		if err != nil {
			return nil, fmt.Errorf("reading the snapshot %s: %w", name, err)
		}
		return snap, nil
	}
	opts, err := o.options()
	if err != nil {
		return nil, err
	}
	snap, err := snapshot.ReadObjects(files, opts)
	if err != nil {
		return nil, fmt.Errorf("reading the objects in %s: %w", name, err)
	}
	return snap, nil
}

// packed knows a gzip file by its first bytes (RFC 1952, section 2.3.1).
func packed(content []byte) bool { return bytes.HasPrefix(content, []byte{0x1f, 0x8b}) }

// looksLikeObjects tells what kubectl prints from files of other kinds.
func looksLikeObjects(content []byte) bool {
	return bytes.Contains(content, []byte("kind")) && bytes.Contains(content, []byte("apiVersion"))
}

func (o origin) options() (snapshot.ObjectsOptions, error) {
	opts := snapshot.ObjectsOptions{Read: time.Now()}
	if o.at != "" {
		at, err := time.Parse(time.RFC3339, o.at)
		if err != nil {
			return opts, withHint(fmt.Errorf("--at %q is not a time", o.at), "Write it like 2026-01-31T14:05:00Z.")
		}
		opts.At = at
	}
	opts.Complete = o.complete
	return opts, nil
}

// files reads an example, standard input, a file, or all JSON and YAML files
// below a directory.
func (f *factsFlags) files(from string) ([]snapshot.File, error) {
	if name, ok := strings.CutPrefix(from, examplePrefix); ok {
		content, err := examples.Open(name)
		if err != nil {
			return nil, withHint(fmt.Errorf("no example is called %q", name), "There are: %s.", strings.Join(exampleNames(), ", "))
		}
		return []snapshot.File{{Name: from, Content: content}}, nil
	}
	if from == "-" {
		content, err := readAll(f.streams.In)
		return []snapshot.File{{Name: from, Content: content}}, err
	}
	info, err := os.Stat(from)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, withHint(fmt.Errorf("there is no file %s", from),
			"Create one with: kubectl orthweb snapshot save %s\nOr try --from=example:healthy.", shellWord(from))
	case err != nil:
		return nil, fmt.Errorf("opening the snapshot: %w", err)
	case info.IsDir():
		return directory(from)
	}
	file, err := readFile(from)
	return []snapshot.File{file}, err
}

// directory reads a tree of files, in the order of their names.
func directory(root string) ([]snapshot.File, error) {
	var files []snapshot.File
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !slices.Contains([]string{".json", ".yaml", ".yml"}, filepath.Ext(path)) {
			return err
		}
		file, err := readFile(path)
		files = append(files, file)
		return err
	})
	if err == nil && len(files) == 0 {
		return nil, withHint(fmt.Errorf("there is no .json or .yaml file in %s", root), "Give a directory that 'kubectl cluster-info dump --output-directory' created.")
	}
	return files, err
}

func readFile(path string) (snapshot.File, error) {
	file, err := os.Open(path)
	if err != nil {
		return snapshot.File{}, fmt.Errorf("opening the snapshot: %w", err)
	}
	content, err := readAll(file)
	return snapshot.File{Name: path, Content: content}, errors.Join(err, file.Close())
}

func readAll(from io.Reader) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(from, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading the snapshot: %w", err)
	}
	if len(content) > maxFile {
		return nil, fmt.Errorf("the snapshot is larger than %d bytes", maxFile)
	}
	return content, nil
}
