// Package examples holds recorded Korthwebs, so that every command that only
// reads can be tried without a cluster. They are snapshots that
// `kubectl orthweb snapshot save` took of the project's lab.
package examples

import (
	"embed"
	"io/fs"
	"strings"
)

//go:embed *.tgz
var files embed.FS

// Names are the examples there are, sorted.
func Names() []string {
	matches, err := fs.Glob(files, "*.tgz")
	if err != nil { // only a malformed pattern is an error
		return nil
	}
	for i, match := range matches {
		matches[i] = strings.TrimSuffix(match, ".tgz")
	}
	return matches
}

// Open gives an example's snapshot file by name. The error is fs.ErrNotExist
// for a name that is not one of Names.
func Open(name string) ([]byte, error) {
	return files.ReadFile(name + ".tgz")
}
