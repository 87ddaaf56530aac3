package build

import (
	"os"
	"path/filepath"
	"regexp"
	"time"
)

// unusedFor is how long unused programs are kept. Each change of go.mod adds some 700 MiB of
// new ones.
const unusedFor = 14 * 24 * time.Hour

var keyName = regexp.MustCompile(`^[0-9a-f]{16}$`)

// prune marks dir as used and removes programs next to it that have not been used for that
// time. A failed removal is ignored: this is only a cache.
func prune(dir string, now time.Time) {
	_ = os.Chtimes(dir, now, now)
	entries, err := os.ReadDir(filepath.Dir(dir))
	if err != nil {
		return
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !e.IsDir() || !keyName.MatchString(e.Name()) || e.Name() == filepath.Base(dir) {
			continue
		}
		if now.Sub(info.ModTime()) > unusedFor {
			_ = os.RemoveAll(filepath.Join(filepath.Dir(dir), e.Name()))
		}
	}
}
