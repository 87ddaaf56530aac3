package hosts

import (
	"errors"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestBindMount tests a hosts file that can't be replaced, as in a container.
func TestBindMount(t *testing.T) {
	if !isolated(t) {
		return
	}
	source, path := hostsFile(t, plainHosts), hostsFile(t, "")
	mount(t, source, path, "", unix.MS_BIND, "")
	got, err := Update(t.Context(), path, adding("a"))
	if err != nil || !got.Changed || !got.InPlace {
		t.Fatalf("got %+v, %v", got, err)
	}
	for _, p := range []string{source, path} {
		if has := content(t, p); has != withTenants(t, plainHosts, "a") {
			t.Errorf("%s is %q", p, has)
		}
	}
	if has := content(t, got.Backup); has != plainHosts || beside(t, path) != "hosts.orthweb.bak" {
		t.Errorf("the backup is %q; beside the file is %s", has, beside(t, path))
	}
}

// TestBindMountChangedMeanwhile checks that the last comparison follows the detection of the
// mount.
func TestBindMountChangedMeanwhile(t *testing.T) {
	if !isolated(t) {
		return
	}
	source, path := hostsFile(t, "old\n"), hostsFile(t, "")
	mount(t, source, path, "", unix.MS_BIND, "")
	done := false
	onStep(t, func(what string) {
		if !done && what == "rename "+path+inPlaceSuffix {
			done = true
			write(t, source, "theirs\n")
		}
	})
	if _, err := Update(t.Context(), path, adding("a")); err != nil {
		t.Fatal(err)
	}
	if has := content(t, source); !done || has != withTenants(t, "theirs\n", "a") {
		t.Errorf("the file is %q", has)
	}
}

// TestReadOnly checks that the advice for a read-only file system is not sudo.
func TestReadOnly(t *testing.T) {
	if !isolated(t) {
		return
	}
	path := hostsFile(t, plainHosts)
	dir := filepath.Dir(path)
	mount(t, dir, dir, "", unix.MS_BIND, "")
	mount(t, "", dir, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, "")
	_, err := Update(t.Context(), path, adding("a"))
	for _, err := range []error{err, Writable(path)} {
		if !errors.Is(err, ErrNotWritable) || !errors.Is(err, syscall.EROFS) || strings.Contains(err.Error(), "sudo") {
			t.Errorf("got %v", err)
		}
	}
	if got, err := Update(t.Context(), path, func(before []byte) ([]byte, error) { return before, nil }); err != nil || got.Changed {
		t.Errorf("nothing to change: %+v, %v", got, err)
	}
}

// TestReadOnlyDirectory tests a container whose file system is read-only, except for its
// mounts: without a place for a backup the file is not changed.
func TestReadOnlyDirectory(t *testing.T) {
	if !isolated(t) {
		return
	}
	source, path := hostsFile(t, plainHosts), hostsFile(t, "")
	dir := filepath.Dir(path)
	mount(t, dir, dir, "", unix.MS_BIND, "")
	mount(t, "", dir, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, "")
	mount(t, source, path, "", unix.MS_BIND, "")
	_, err := Update(t.Context(), path, adding("a"))
	if !errors.Is(err, ErrNotWritable) || content(t, path) != plainHosts {
		t.Errorf("got %v; the file is %q", err, content(t, path))
	}
}
