package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// TestUnnamed checks that an unnamed file gets its name, and never replaces another file. Where
// the platform or the file system does not support unnamed files, openUnnamed returns an error,
// and Create uses a named file.
func TestUnnamed(t *testing.T) {
	dir := t.TempDir()
	path, taken := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	if err := os.WriteFile(taken, []byte("other"), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := openUnnamed(dir)
	if err != nil {
		if _, statErr := os.Stat(path); file != nil || !errors.Is(statErr, fs.ErrNotExist) {
			t.Errorf("after %v there is %v, %v", err, file, statErr)
		}
	} else {
		if _, err := file.WriteString("content"); err != nil {
			t.Fatal(err)
		}
		if err := nameUnnamed(file, taken); !errors.Is(err, fs.ErrExist) {
			t.Errorf("the name of another file: %v", err)
		}
		if err := errors.Join(nameUnnamed(file, path), file.Close()); err != nil {
			t.Fatal(err)
		}
		holds(t, dir, map[string]string{"a": "content", "b": "other"})
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	if err := Create(false, text(path, "content")); err != nil {
		t.Fatal(err)
	}
	holds(t, dir, map[string]string{"a": "content", "b": "other"})
}
