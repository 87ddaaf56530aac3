package tenant

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

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/atomicfile"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/scaffold"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// write writes all changes below a directory, or none. It prompts first; the exit status is 1 if
// the user does not agree.
func (c *change) write(ctx context.Context, root string, changes []scaffold.Change, question string) error {
	if !c.yes && !command.Confirm(c.call.Streams, question) {
		escape.Fprintf(c.call.Streams.ErrOut, "Nothing was written. Add --yes to write the files without a prompt.\n")
		return command.No
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	w := &writing{root: root}
	if err := w.run(changes); err != nil {
		return err
	}
	escape.Fprintf(c.call.Streams.ErrOut, "Wrote %s.\n", finding.Count(len(changes), "file"))
	return nil
}

// writing is a set of changes that is being written. What was done is undone if a step fails.
type writing struct {
	root string
	undo []func() error
}

func (w *writing) run(changes []scaffold.Change) error {
	err := w.write(changes)
	if err == nil {
		return nil
	}
	for _, undo := range slices.Backward(w.undo) {
		if failed := undo(); failed != nil {
			err = fmt.Errorf("%w; %w", err, failed)
		}
	}
	return err
}

// write writes new and changed files together, then removes files, and the directories that are
// empty without them.
func (w *writing) write(changes []scaffold.Change) error {
	if err := w.check(changes); err != nil {
		return err
	}
	var files []atomicfile.File
	for _, c := range changes {
		if c.Removed() {
			continue
		}
		if err := w.makeDirectory(filepath.Dir(w.path(c))); err != nil {
			return err
		}
		files = append(files, atomicfile.File{Path: w.path(c), Mode: w.mode(c), Write: func(out io.Writer) error {
			_, err := out.Write(c.After)
			return err
		}})
	}
	if err := atomicfile.Create(true, files...); err != nil {
		return err
	}
	for _, c := range changes {
		if c.Removed() {
			continue
		}
		w.undo = append(w.undo, func() error { return w.restore(c, 0o644) })
	}
	for _, c := range changes {
		if c.Removed() {
			if err := w.remove(c); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *writing) path(c scaffold.Change) string {
	return filepath.Join(w.root, filepath.FromSlash(c.Path))
}

// check rejects changes of files that another program has changed since they were read.
func (w *writing) check(changes []scaffold.Change) error {
	for _, c := range changes {
		current, err := os.ReadFile(w.path(c))
		switch {
		case c.New() && errors.Is(err, fs.ErrNotExist):
		case c.New() && err == nil:
			return fmt.Errorf("write %s: it exists now", c.Path)
		case err != nil:
			return fmt.Errorf("write %s: %w", c.Path, err)
		case !bytes.Equal(current, c.Before):
			return advice.Add(fmt.Errorf("write %s: another program has changed it", c.Path), "Run the command again.")
		}
	}
	return nil
}

// mode is the mode of the file, or, for a new one, that of the file that it is a copy of.
func (w *writing) mode(c scaffold.Change) fs.FileMode {
	name := c.Path
	if c.New() {
		name = c.From
	}
	if info, err := os.Stat(filepath.Join(w.root, filepath.FromSlash(name))); err == nil && name != "" {
		return info.Mode().Perm()
	}
	return 0o644
}

// makeDirectory creates a directory and those above it.
func (w *writing) makeDirectory(dir string) error {
	if _, err := os.Stat(dir); err == nil || dir == w.root {
		return nil
	}
	if err := w.makeDirectory(filepath.Dir(dir)); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return fmt.Errorf("create the directory %s: %w", dir, err)
	}
	w.undo = append(w.undo, func() error { return os.Remove(dir) })
	return nil
}

// restore gives a file its previous content.
func (w *writing) restore(c scaffold.Change, mode fs.FileMode) error {
	if c.New() {
		return os.Remove(w.path(c))
	}
	return atomicfile.Create(true, atomicfile.File{Path: w.path(c), Mode: mode, Write: func(out io.Writer) error {
		_, err := out.Write(c.Before)
		return err
	}})
}

// remove removes a file, and the directories that are empty then.
func (w *writing) remove(c scaffold.Change) error {
	mode := w.mode(c)
	if err := os.Remove(w.path(c)); err != nil {
		return fmt.Errorf("remove %s: %w", c.Path, err)
	}
	w.undo = append(w.undo, func() error { return w.restore(c, mode) })
	for parent := range tree.Parents(c.Path) {
		dir := filepath.Join(w.root, filepath.FromSlash(parent))
		if os.Remove(dir) != nil { // it is not empty
			break
		}
		w.undo = append(w.undo, func() error { return os.Mkdir(dir, 0o755) })
	}
	return nil
}
