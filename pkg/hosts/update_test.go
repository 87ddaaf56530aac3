package hosts

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const plainHosts = "127.0.0.1 localhost\n# by hand"

func hostsFile(t testing.TB, data string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hosts")
	write(t, path, data)
	return path
}

func write(t testing.TB, path, data string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
}

func content(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// adding is the change that merges a tenant of this name.
func adding(tenant string) func([]byte) ([]byte, error) {
	return func(before []byte) ([]byte, error) {
		file, err := Parse(before)
		if err != nil {
			return nil, err
		}
		out, _, err := file.Merge("c", []Entry{entry(tenant + " 10.0.0.1 web." + tenant + ".org")})
		return out, err
	}
}

// withTenants is the file to which Update has added the tenants.
func withTenants(t testing.TB, data string, tenants ...string) string {
	t.Helper()
	for _, tenant := range tenants {
		out, err := adding(tenant)([]byte(data))
		if err != nil {
			t.Fatal(err)
		}
		data = string(out)
	}
	return data
}

// onStep calls do before every step until the test ends.
func onStep(t testing.TB, do func(what string)) {
	t.Helper()
	before := step
	step = do
	t.Cleanup(func() { step = before })
}

// beside are the files in the hosts file's directory, without it.
func beside(t testing.TB, path string) string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		if entry.Name() != filepath.Base(path) {
			names = append(names, entry.Name())
		}
	}
	return strings.Join(names, " ")
}

func TestUpdate(t *testing.T) {
	path := hostsFile(t, plainHosts)
	got, err := Update(t.Context(), path, adding("a"))
	real, _ := filepath.EvalSymlinks(path)
	if want := (Result{Path: real, Changed: true, Backup: real + ".orthweb.bak", InPlace: got.InPlace}); err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	if has := content(t, path); has != withTenants(t, plainHosts, "a") {
		t.Errorf("the file is %q", has)
	}
	if has := content(t, got.Backup); has != plainHosts {
		t.Errorf("the backup is %q", has)
	}
	if has := beside(t, path); has != "hosts.orthweb.bak" {
		t.Errorf("there is more beside the file: %s", has)
	}
}

// TestNoChange: nothing is touched, not even the directory.
func TestNoChange(t *testing.T) {
	path := hostsFile(t, withTenants(t, plainHosts, "a"))
	long := time.Now().Add(-time.Hour)
	for _, p := range []string{path, filepath.Dir(path)} {
		if err := os.Chtimes(p, long, long); err != nil {
			t.Fatal(err)
		}
	}
	onStep(t, func(what string) { t.Errorf("there is something to do: %s", what) })
	got, err := Update(t.Context(), path, adding("a"))
	if err != nil || got.Changed || got.Backup != "" || got.Mended {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, p := range []string{path, filepath.Dir(path)} {
		if info, err := os.Stat(p); err != nil || time.Since(info.ModTime()) < 59*time.Minute {
			t.Errorf("%s was touched: %v, %v", p, info.ModTime(), err)
		}
	}
}

// TestChangedMeanwhile: a program without our lock writes just before we do.
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

func TestRestless(t *testing.T) {
	path := hostsFile(t, "")
	onStep(t, func(what string) {
		if strings.HasPrefix(what, "sync "+path+newSuffix) {
			write(t, path, content(t, path)+"# again\n")
		}
	})
	_, err := Update(t.Context(), path, adding("a"))
	if has := content(t, path); !errors.Is(err, ErrRestless) || has != strings.Repeat("# again\n", tries) {
		t.Errorf("got %v, the file is %q", err, has)
	}
}

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

// TestLocked: who waits for another gives up with its context, and then the lock can
// still be had.
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
