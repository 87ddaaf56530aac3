package supervise

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
)

// tail returns the last lines of a log, indented, for an error message.
func tail(path string, lines int) string {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Sprintf("  (%v)", err)
	}
	defer func() { _ = f.Close() }()
	// This is far more than the lines take; a log of a failing part can be large.
	const most = 64 << 10
	if info, err := f.Stat(); err == nil && info.Size() > most {
		_, _ = f.Seek(-most, io.SeekEnd)
	}
	data, err := io.ReadAll(f)
	if err != nil {
		return fmt.Sprintf("  (%v)", err)
	}
	all := strings.Split(string(bytes.TrimRight(data, "\n")), "\n")
	if len(all) > lines {
		all = all[len(all)-lines:]
	}
	return "  " + strings.Join(all, "\n  ")
}
