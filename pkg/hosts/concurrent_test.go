package hosts

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

// TestChangedMeanwhile checks the result if a program without the lock writes just before the
// update.
func TestChangedMeanwhile(t *testing.T) {
	for about, replaced := range map[string]bool{"appended": false, "replaced": true} {
		path := hostsFile(t, "127.0.0.1 localhost\n")
		theirs := "127.0.0.1 localhost\n192.0.2.1 other.org\n"
		done := false
		onStep(t, func(what string) {
			if done || !strings.HasPrefix(what, "sync "+path+newSuffix) {
				return
			}
			done = true
			if replaced {
				write(t, path+".theirs", theirs)
				if err := os.Rename(path+".theirs", path); err != nil {
					t.Error(err)
				}
				return
			}
			write(t, path, theirs)
		})
		if _, err := Update(t.Context(), path, adding("a")); err != nil {
			t.Fatal(err)
		}
		if has := content(t, path); !done || has != withTenants(t, theirs, "a") {
			t.Errorf("%s (%v): the file is %q", about, done, has)
		}
		if has := content(t, path+backupSuffix); has != theirs {
			t.Errorf("%s: the backup is %q", about, has)
		}
	}
}

func TestConcurrentWrites(t *testing.T) {
	path := hostsFile(t, "")
	onStep(t, func(what string) {
		if strings.HasPrefix(what, "sync "+path+newSuffix) {
			write(t, path, content(t, path)+"# again\n")
		}
	})
	_, err := Update(t.Context(), path, adding("a"))
	if has := content(t, path); !errors.Is(err, ErrConcurrentWrites) || has != strings.Repeat("# again\n", tries) {
		t.Errorf("got %v, the file is %q", err, has)
	}
}

// TestLocked checks that waiting for the lock ends with the context, and that the lock is then
// still available.
func TestLocked(t *testing.T) {
	path := hostsFile(t, "")
	unlock, err := lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := Update(ctx, path, adding("a")); !errors.Is(err, context.DeadlineExceeded) || content(t, path) != "" {
		t.Errorf("got %v, the file is %q", err, content(t, path))
	}
	unlock()
	if got, err := Update(t.Context(), path, adding("a")); err != nil || !got.Changed {
		t.Errorf("after the lock: %+v, %v", got, err)
	}
}
