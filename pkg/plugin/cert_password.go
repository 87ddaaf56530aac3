package plugin

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// plainName rejects a file name that contains a path.
func plainName(name string) error {
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\\") || name != strings.TrimSpace(name) ||
		!utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return fmt.Errorf("--name %q can't be the prefix of file names", name)
	}
	return nil
}
