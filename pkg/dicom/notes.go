package dicom

import (
	"slices"
	"strings"
)

// notes are departures from the standard that keep no file from being sent.
type notes []string

func (n *notes) add(what string) {
	const most = 8 // a file may break the same rule at every element
	if len(*n) < most && !slices.Contains(*n, what) {
		*n = append(*n, what)
	}
}

func (n notes) String() string { return strings.Join(n, "; ") }
