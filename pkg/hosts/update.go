package hosts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
)

// The files next to a hosts file. Only the backup stays; the others are left by a program
// that was killed, and the next one removes them.
const (
	lockSuffix   = ".orthweb.lock"
	backupSuffix = ".orthweb.bak"
	newSuffix    = ".orthweb.new"
	// newBackupSuffix is the backup while it is written.
	newBackupSuffix = backupSuffix + ".new"
	// inPlaceSuffix is the new content while the file itself is being written.
	inPlaceSuffix = ".orthweb.inplace"
)

// tries is how often a file that others change in the meantime is read again.
const tries = 10

// step is called before each change of the disk. Tests stop the program there.
var step = func(what string) {}

// Result is the result of Update.
type Result struct {
	// Path is the file itself, the target of links.
	Path string
	// Changed reports whether the file was written; if not, nothing was changed.
	Changed bool
	// Backup is the path of the content from before, when it was written.
	Backup string
	// InPlace is set if the file was overwritten instead of replaced, because it is mounted
	// or a new file could not get its owner and attributes.
	InPlace bool
	// Restored is set if an earlier program was killed while it overwrote the file, and the
	// previous content was restored first.
	Restored bool
}

// Update replaces the content of the hosts file at the path with the result of change. Mode,
// owner and extended attributes stay, and the previous content is kept next to it.
//
// Whenever the machine stops, the file has either the complete old content or the complete
// new one. Only a file that has to be overwritten in place may be a mixture; the next Update
// restores the old content. Updates run one at a time. What another program writes in
// the meantime is not lost: change is called again with that content, so it may be called
// several times. Its error is returned unchanged. Other errors are those of Read,
// ErrNotWritable, ErrConcurrentWrites, the context's and the system's.
func Update(ctx context.Context, path string, change func(before []byte) ([]byte, error)) (Result, error) {
	real, err := realPath(path)
	if err != nil {
		return Result{}, err
	}
	result := Result{Path: real}
	// Without a lock: a caller that has nothing to write needs no write permission.
	if _, after, err := plan(real, change); err != nil || after == nil {
		if _, statErr := os.Lstat(real + inPlaceSuffix); errors.Is(statErr, os.ErrNotExist) {
			return result, err
		}
	}
	unlock, err := lock(ctx, real)
	if err != nil {
		return result, err
	}
	defer unlock()
	if result.Restored, err = restore(real); err != nil {
		return result, err
	}
	for range tries {
		if ctx.Err() != nil {
			return result, fmt.Errorf("writing %s: %w", real, context.Cause(ctx))
		}
		before, after, err := plan(real, change)
		if err != nil || after == nil {
			return result, err
		}
		result.InPlace, err = replace(before, after)
		if !errors.Is(err, errChanged) {
			if err == nil {
				result.Changed, result.Backup = true, real+backupSuffix
			}
			return result, err
		}
	}
	return result, fmt.Errorf("%w: other programs changed %s %d times before it could be written; try again later", ErrConcurrentWrites, real, tries)
}

// plan returns the file, and its new content: nil if the content does not change.
func plan(real string, change func([]byte) ([]byte, error)) (before state, after []byte, err error) {
	if before, err = readState(real); err != nil {
		return before, nil, err
	}
	if after, err = change(bytes.Clone(before.data)); err != nil || bytes.Equal(before.data, after) {
		return before, nil, err
	}
	if after == nil {
		after = []byte{}
	}
	return before, after, checkSize(real, after)
}
