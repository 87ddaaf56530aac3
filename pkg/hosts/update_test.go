package hosts

import (
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

// adding is the change that merges a tenant with this name.
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

// withTenants returns the file after Update has added the tenants.
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

// beside are the other files in the hosts file's directory.
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

// TestNoChange checks that nothing is written, not even in the directory.
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
	if err != nil || got.Changed || got.Backup != "" || got.Restored {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, p := range []string{path, filepath.Dir(path)} {
		if info, err := os.Stat(p); err != nil || time.Since(info.ModTime()) < 59*time.Minute {
			t.Errorf("%s was touched: %v, %v", p, info.ModTime(), err)
		}
	}
}
