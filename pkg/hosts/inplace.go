package hosts

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// replaceInPlace overwrites the file. Until that is done, the new content is also in a
// file next to it, so that restore can find out how far it was written.
func replaceInPlace(before state, after []byte, fresh string) error {
	marker := before.path + inPlaceSuffix
	step("rename " + marker)
	if err := os.Rename(fresh, marker); err != nil {
		return failed("renaming to", marker, err)
	}
	if err := syncDirectory(marker); err != nil {
		return err
	}
	if err := before.unchanged(); err != nil {
		_ = os.Remove(marker)
		return err
	}
	if err := overwrite(before.path, len(before.data), after); err != nil {
		if _, restoreErr := restore(before.path); restoreErr != nil {
			return fmt.Errorf("%w; then %w", failed("overwriting", before.path, err), restoreErr)
		}
		return failed("overwriting", before.path, err)
	}
	step("remove " + marker)
	if err := os.Remove(marker); err != nil {
		return failed("removing", marker, err)
	}
	return nil
}

// overwrite replaces the content of the file of this size. A shorter content is padded
// with blank lines, first or last: so the space is allocated before a byte is lost, and a
// concurrent reader finds the one content or the other.
func overwrite(path string, size int, content []byte) error {
	step("open " + path)
	f, err := openRegular(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	step("grow " + path)
	if _, err := f.WriteAt(blankLines(len(content)-size), int64(size)); err != nil {
		return err
	}
	step("overwrite " + path)
	if _, err := f.WriteAt(append(bytes.Clone(content), blankLines(size-len(content))...), 0); err != nil {
		return err
	}
	step("cut " + path)
	if err := f.Truncate(int64(len(content))); err != nil {
		return err
	}
	step("sync " + path)
	if err := f.Sync(); err != nil {
		return err
	}
	return f.Close()
}

func blankLines(n int) []byte { return bytes.Repeat([]byte("\n"), max(n, 0)) }

// restore restores the previous content after an interrupted overwrite, and returns
// whether it did.
func restore(real string) (restored bool, err error) {
	marker := real + inPlaceSuffix
	after, err := readBeside(marker)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, failed("reading", marker, err)
	}
	now, err := readState(real)
	if err != nil {
		return false, err
	}
	before, err := readBeside(real + backupSuffix)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, failed("reading", real+backupSuffix, err)
	}
	if err == nil && partiallyWritten(now.data, before, after) {
		if err := overwrite(real, len(now.data), before); err != nil {
			return false, fmt.Errorf("%w; copy %s over it manually: it has the complete previous content", failed("restoring", real, err), real+backupSuffix)
		}
		restored = true
	}
	if err := os.Remove(marker); err != nil {
		return restored, failed("removing", marker, err)
	}
	return restored, nil
}

// partiallyWritten reports whether the content is a mixture of the two, as an interrupted
// overwrite leaves it: each byte is that of one of them at the same offset, and it is
// neither. Content that another program has written since is no such mixture.
func partiallyWritten(now, before, after []byte) bool {
	size := max(len(before), len(after))
	if bytes.Equal(now, before) || bytes.Equal(now, after) || len(now) > size || len(now) < min(len(before), len(after)) {
		return false
	}
	before = append(before, blankLines(size-len(before))...)
	after = append(after, blankLines(size-len(after))...)
	for i, b := range now {
		if b != before[i] && b != after[i] {
			return false
		}
	}
	return true
}
