package plugin

import (
	"io"
	"os"
	"runtime"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
)

// warnOfMode warns, as ssh does, of a file with a secret that other users may read.
// Only regular files keep what they hold; on Windows the mode does not say who may
// read them. What can't be looked at is reported by who reads it.
func warnOfMode(w io.Writer, path string) {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || runtime.GOOS == "windows" {
		return
	}
	const others = 0o044 // readable by the group, or by all
	if mode := info.Mode().Perm(); mode&others != 0 {
		escape.Fprintf(w, "Warning: other users may read %s (mode %04o). Keep it to yourself: chmod 600 %s\n", path, uint32(mode), shellWord(path))
	}
}
