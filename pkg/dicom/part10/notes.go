package part10

import (
	"slices"
	"strings"
)

// notes are deviations from the standard that do not prevent a file from being sent.
type notes []string

func (n *notes) add(what string) {
	const most = 8 // a file may break the same rule at every element
	if len(*n) < most && !slices.Contains(*n, what) {
		*n = append(*n, what)
	}
}

// String is all notes, separated by semicolons.
func (n notes) String() string { return strings.Join(n, "; ") }
