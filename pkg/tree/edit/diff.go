package edit

import (
	"bytes"

	"github.com/rogpeppe/go-internal/diff"
)

// Diff is the difference between two texts of a file, in the form that `git apply` and patch(1)
// read. It is "" if they are equal.
func Diff(file string, before, after []byte) string {
	// The first line repeats the command; neither program needs it.
	_, text, _ := bytes.Cut(diff.Diff("a/"+file, before, "b/"+file, after), []byte("\n"))
	return string(text)
}
