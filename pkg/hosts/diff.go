package hosts

import (
	"bytes"

	"github.com/rogpeppe/go-internal/diff"
)

// Diff is the difference between two states of the file of this name, as `diff -u` shows it,
// with three lines around each change. It is "" if they are equal.
func Diff(name string, before, after []byte) string {
	// The first line repeats the command; patch(1) does not need it.
	_, text, _ := bytes.Cut(diff.Diff(name, before, name, after), []byte("\n"))
	return string(text)
}
