package hosts

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// TestAccess covers each platform's check for whether the process may write.
func TestAccess(t *testing.T) {
	path := hostsFile(t, plainHosts)
	dir := filepath.Dir(path)
	for _, writable := range []string{path, dir} {
		if err := access(writable); err != nil {
			t.Errorf("%s is writable: %v", writable, err)
		}
	}
	if err := access(filepath.Join(dir, "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("the question left %v: %v", entries, err)
	}
	if got := content(t, path); got != plainHosts {
		t.Errorf("the question changed the file: %q", got)
	}
}

// TestCopyMetadata copies the metadata of a file to a new one, or reports that this
// platform cannot: then the hosts file is overwritten in place.
func TestCopyMetadata(t *testing.T) {
	path := hostsFile(t, plainHosts)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	next, err := os.OpenFile(path+".next", os.O_CREATE|os.O_WRONLY, info.Mode().Perm())
	if err != nil {
		t.Fatal(err)
	}
	err = copyMetadata(next, state{path: path, info: info})
	if err := next.Close(); err != nil {
		t.Fatal(err)
	}
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		t.Fatal(err)
	}
	got, updateErr := Update(t.Context(), path, adding("a"))
	if updateErr != nil || !got.Changed || got.InPlace != (err != nil) {
		t.Errorf("got %+v, %v after %v", got, updateErr, err)
	}
	if has := content(t, path); has != withTenants(t, plainHosts, "a") {
		t.Errorf("the file is %q", has)
	}
}

// TestOpenRegular checks that only a regular file is opened, with the flags of each platform.
func TestOpenRegular(t *testing.T) {
	path := hostsFile(t, plainHosts)
	file, err := openRegular(path, os.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if file, err := openRegular(filepath.Dir(path), os.O_RDONLY, 0); !errors.Is(err, ErrNotRegular) {
		t.Errorf("a directory: %v, %v", file, err)
	}
}
