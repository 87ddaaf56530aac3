package hosts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// What stands beside a hosts file. Only the backup is there to stay; the others are
// left by a program that was killed, and the next one takes them away.
const (
	lockSuffix   = ".orthweb.lock"
	backupSuffix = ".orthweb.bak"
	newSuffix    = ".orthweb.new"
	// inPlaceSuffix is the new content while the file itself is being written.
	inPlaceSuffix = ".orthweb.inplace"
)

// tries is how often a file that others change meanwhile is read anew.
const tries = 10

var errChanged = errors.New("the file was changed meanwhile")

// step is called before whatever touches the disk. Tests stop the program there.
var step = func(what string) {}

// Result says what Update did.
type Result struct {
	// Path is the file itself, where links lead to.
	Path string
	// Changed tells whether it was written; if not, nothing was touched.
	Changed bool
	// Backup is the path of the content from before, when it was written.
	Backup string
	// InPlace tells that it was not replaced but overwritten, as it is mounted or
	// could not be given its owner and attributes anew.
	InPlace bool
	// Mended tells that an earlier program was killed while it overwrote the file,
	// and that the content from before that was put back first.
	Mended bool
}

// Update gives the hosts file at the path the content that change makes of it. Mode,
// owner and extended attributes stay, and the content from before is kept beside it.
//
// The file is the old one or the new one, and whole, whenever the machine stops. Only
// one that has to be overwritten in place may be a mixture then; the next Update puts
// the old one back. Two Updates don't come between each other. What another program
// writes meanwhile is not lost: change is called again with that, so it may be called
// several times. Its error is returned as it is. Other errors are those of Read,
// ErrNotWritable, ErrRestless, the context's and the system's.
func Update(ctx context.Context, path string, change func(before []byte) ([]byte, error)) (Result, error) {
	real, err := realPath(path)
	if err != nil {
		return Result{}, err
	}
	result := Result{Path: real}
	// Without a lock, as whoever has nothing to write needs no right to.
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
	if result.Mended, err = mend(real); err != nil {
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
	return result, fmt.Errorf("%w: other programs changed %s %d times while it was to be written; try again later", ErrRestless, real, tries)
}

// plan is the file, and what it is to be: nil when it is that already.
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

// replace writes the new content beside the file and puts it into its place, where
// that can be.
func replace(before state, after []byte) (inPlace bool, err error) {
	if err := Writable(before.path); err != nil {
		return false, err
	}
	if err := backup(before); err != nil {
		return false, err
	}
	fresh := before.path + newSuffix
	alike, err := put(fresh, after, before)
	if err != nil {
		return false, err
	}
	defer os.Remove(fresh) // after a rename there is none
	if alike {
		if err := before.unchanged(); err != nil {
			return false, err
		}
		step("rename")
		err := os.Rename(fresh, before.path)
		if err == nil {
			return false, syncDirectory(before.path)
		}
		if !unmovable(err) {
			return false, failed("replacing", before.path, err)
		}
	}
	return true, replaceInPlace(before, after, fresh)
}

// unchanged is errChanged when the file is another one than before.
func (s state) unchanged() error {
	now, err := readState(s.path)
	if err != nil {
		return err
	}
	if !os.SameFile(s.info, now.info) || !s.info.ModTime().Equal(now.info.ModTime()) || s.info.Mode() != now.info.Mode() || !bytes.Equal(s.data, now.data) {
		return errChanged
	}
	return nil
}

// syncDirectory makes a rename last.
func syncDirectory(path string) error {
	step("sync directory")
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return failed("opening", filepath.Dir(path), err)
	}
	defer dir.Close()
	if err := dir.Sync(); err != nil && !unsyncable(err) {
		return fmt.Errorf("%s is written, but may be lost when the machine stops now: %w", path, err)
	}
	return nil
}
