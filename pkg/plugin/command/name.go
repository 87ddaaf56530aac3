package command

import (
	"path/filepath"
	"strings"
)

// CalledAs is the name of the program, without its directory.
func CalledAs(argv []string) string {
	return strings.TrimSuffix(filepath.Base(argv[0]), ".exe")
}
