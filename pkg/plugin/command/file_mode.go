package command

import (
	"io"
	"os"
	"runtime"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
)

// WarnOfMode warns, as ssh does, of a file with a secret that other users can read. Only
// regular files store their content; on Windows the mode does not show which users can read
// them. The caller that reads the file reports other errors.
func WarnOfMode(w io.Writer, path string) {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || runtime.GOOS == "windows" {
		return
	}
	const others = 0o044 // readable by the group, or by all
	if mode := info.Mode().Perm(); mode&others != 0 {
		escape.Fprintf(w, "Warning: other users can read %s (mode %04o). Restrict access to it: chmod 600 %s\n", path, uint32(mode), escape.ShellWord(path))
	}
}
