package transfer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

var errNotFollowed = errors.New("it is a symbolic link to a directory, which is not followed: specify the directory itself")

// found is a file of a walk.
type found struct {
	path string
	// info is nil if problem is set, which is why it can't be sent.
	info    fs.FileInfo
	problem error
	// named reports whether the user specified the file itself, not a directory that
	// contains it.
	named bool
}

// visit gets each file in order.
type visit func(found)

// present fails for the first path that does not exist, or if no path is given.
func present(paths []string) error {
	if len(paths) == 0 {
		return errors.New("no file or directory to send was specified")
	}
	for _, path := range paths {
		if _, err := os.Stat(path); err != nil {
			return fmt.Errorf("looking for files to send: %w", err)
		}
	}
	return nil
}

// Size counts the files at the paths, and their bytes. Unreadable files are not counted.
func Size(ctx context.Context, paths []string) (files, bytes int64) {
	walk(ctx, paths, func(f found) {
		if f.problem == nil {
			files++
			bytes += f.info.Size()
		}
	})
	return files, bytes
}

// walk visits files in the given order, and the contents of directories sorted by name.
// Links to files are followed; links to directories only if they are specified themselves,
// so that no cycle is possible.
func walk(ctx context.Context, paths []string, each visit) {
	for _, path := range paths {
		info, err := os.Stat(path)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil && info.IsDir():
			walkDirectory(ctx, path, each)
		default:
			visitFile(found{path, info, err, true}, each)
		}
	}
}

func walkDirectory(ctx context.Context, path string, each visit) {
	entries, err := os.ReadDir(path)
	for _, entry := range entries {
		if ctx.Err() != nil {
			return
		}
		inside := filepath.Join(path, entry.Name())
		if entry.IsDir() {
			walkDirectory(ctx, inside, each)
			continue
		}
		info, err := os.Stat(inside)
		if err == nil && info.IsDir() {
			err = errNotFollowed
		}
		visitFile(found{inside, info, err, false}, each)
	}
	if err != nil {
		each(found{path: path, problem: unwrapped(err)})
	}
}

func visitFile(f found, each visit) {
	switch {
	case f.problem != nil:
		f.problem = unwrapped(f.problem)
	case !f.info.Mode().IsRegular():
		f.problem = errors.New("it is neither a regular file nor a directory")
	}
	each(f)
}

// unwrapped removes the path from an error that is reported with the path.
func unwrapped(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return fmt.Errorf("it can't be read: %w", at.Err)
	}
	return err
}
