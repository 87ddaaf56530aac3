package hosts

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestUpdateErrors(t *testing.T) {
	dir := t.TempDir()
	large := hostsFile(t, strings.Repeat("#", maxSize+1))
	small := hostsFile(t, "")
	mine := errors.New("mine")
	for _, c := range []struct {
		about, path string
		change      func([]byte) ([]byte, error)
		want        error
	}{
		{"missing", filepath.Join(dir, "hosts"), adding("a"), ErrMissing},
		{"directory", dir, adding("a"), ErrNotRegular},
		{"too large", large, adding("a"), ErrTooLarge},
		{"becomes too large", small, func([]byte) ([]byte, error) { return make([]byte, maxSize+1), nil }, ErrTooLarge},
		{"change's own", small, func([]byte) ([]byte, error) { return nil, mine }, mine},
	} {
		if _, err := Update(t.Context(), c.path, c.change); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.about, err, c.want)
		}
		if has := beside(t, c.path); c.path != dir && has != "" {
			t.Errorf("%s: left %s", c.about, has)
		}
	}
	if err := Writable(filepath.Join(dir, "hosts")); !errors.Is(err, ErrMissing) {
		t.Errorf("a missing file is writable: %v", err)
	}
	if err := Writable(small); err != nil {
		t.Errorf("an own file isn't writable: %v", err)
	}
}

func TestLinkAndCreate(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "real", "hosts"), filepath.Join(dir, "hosts")
	if err := os.Mkdir(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join("real", "hosts"), link); err != nil {
		t.Fatal(err)
	}
	if _, err := Update(t.Context(), link, adding("a")); !errors.Is(err, ErrMissing) {
		t.Errorf("a link to nothing: %v", err)
	}
	if err := Create(path); err != nil {
		t.Fatal(err)
	}
	if err := Create(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("created twice: %v", err)
	}
	if _, err := Update(t.Context(), link, adding("a")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode().Type() != fs.ModeSymlink {
		t.Errorf("the link is now %v, %v", info, err)
	}
	read, err := Read(link)
	if err != nil || !bytes.Equal(read, []byte(withTenants(t, "", "a"))) || beside(t, path) != "hosts.orthweb.bak" {
		t.Errorf("the file is %q, %v; beside it %s", read, err, beside(t, path))
	}
}
