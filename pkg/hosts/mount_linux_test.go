package hosts

import (
	"errors"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestBindMount is what a container has for its hosts file: it can't be replaced.
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

// TestBindMountChangedMeanwhile: the last look is after the file turned out to be a
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

// TestReadOnly: on a read-only file system the advice is not sudo.
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

// TestReadOnlyDirectory is a container without a file system to write to, but for the
// mounts in it: without room for a backup the file is let alone.
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
