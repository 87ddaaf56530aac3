package hosts

import (
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// notRegular are things that may exist in the place of a file.
var notRegular = map[string]func(path string) error{
	"a FIFO":    func(path string) error { return unix.Mkfifo(path, 0o644) },
	"a symlink": func(path string) error { return os.Symlink("hosts", path) },
	"a symlink to nothing": func(path string) error {
		return os.Symlink("not-there", path)
	},
	"a directory": func(path string) error { return os.Mkdir(path, 0o755) },
	"a socket": func(path string) error {
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		return unix.Bind(fd, &unix.SockaddrUnix{Name: path})
	},
}

// updateWithin is an Update that must end.
func updateWithin(t *testing.T, path string) error {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		_, err := Update(t.Context(), path, adding("b"))
		done <- err
	}()
	select {
	case err := <-done:
		return err
	case <-time.After(20 * time.Second):
		t.Fatal("it hangs")
		return nil
	}
}

// TestNotRegularBeside checks that something other than a file next to the hosts file neither
// hangs the program nor is written through, and that a path of the lock or the marker that is
// not a file is left for the user to remove.
func TestNotRegularBeside(t *testing.T) {
	for about, create := range notRegular {
		for _, suffix := range []string{lockSuffix, inPlaceSuffix, backupSuffix, newSuffix, newBackupSuffix} {
			t.Run(about+" "+suffix, func(t *testing.T) {
				path := hostsFile(t, plainHosts)
				t.Chdir(strings.TrimSuffix(path, "/hosts")) // the name of a socket is short
				if err := create("hosts" + suffix); err != nil {
					t.Fatal(err)
				}
				err := updateWithin(t, path)
				has := content(t, path)
				if err == nil && has != withTenants(t, plainHosts, "b") || err != nil && has != plainHosts {
					t.Errorf("%v; the file is %q", err, has)
				}
				if refused := suffix == lockSuffix || suffix == inPlaceSuffix; refused && (err == nil || !strings.Contains(err.Error(), "remove it")) {
					t.Errorf("got %v", err)
				}
				if _, err := os.Stat("not-there"); err == nil {
					t.Error("the target of the link was created")
				}
			})
		}
	}
}

// TestNotRegularBackup checks that nothing is changed if the marker of a killed program exists
// without a readable backup.
func TestNotRegularBackup(t *testing.T) {
	before := withTenants(t, plainHosts, "a")
	after := withTenants(t, before, "b")
	for about, create := range notRegular {
		t.Run(about, func(t *testing.T) {
			partly := after[:40] + before[40:] + strings.Repeat("\n", len(after)-len(before))
			path := hostsFile(t, partly)
			t.Chdir(strings.TrimSuffix(path, "/hosts"))
			write(t, path+inPlaceSuffix, after)
			if err := create("hosts" + backupSuffix); err != nil {
				t.Fatal(err)
			}
			if err := updateWithin(t, path); err == nil || content(t, path) != partly || !strings.Contains(beside(t, path), inPlaceSuffix) {
				t.Errorf("%v; the file is %q, beside it %s", err, content(t, path), beside(t, path))
			}
		})
	}
}

// TestBecomesFIFO checks that the program does not hang if a FIFO replaces the hosts file
// during the update.
func TestBecomesFIFO(t *testing.T) {
	path := hostsFile(t, plainHosts)
	onStep(t, func(what string) {
		if what == "create "+path+newSuffix {
			if err := os.Remove(path); err != nil {
				t.Error(err)
			}
			if err := unix.Mkfifo(path, 0o644); err != nil {
				t.Error(err)
			}
		}
	})
	if err := updateWithin(t, path); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("got %v", err)
	}
}
