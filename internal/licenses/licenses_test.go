package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestUpToDate compares THIRD_PARTY_LICENSES with the modules that are linked now.
func TestUpToDate(t *testing.T) {
	want, err := notices("../..")
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../THIRD_PARTY_LICENSES")
	if err != nil || string(got) != want {
		t.Errorf("THIRD_PARTY_LICENSES is not of what is linked: write it anew with 'make licenses' (%v)", err)
	}
	for _, module := range []string{standard, "k8s.io/client-go", "github.com/inconshreveable/mousetrap"} { // the last one only on Windows
		if !strings.Contains(want, "\n"+module+"\n") {
			t.Errorf("%s is linked and not named", module)
		}
	}
}

func TestLicenseFiles(t *testing.T) {
	module := t.TempDir()
	for name, content := range map[string]string{
		"LICENSE": "a", "NOTICE.txt": "b", "license.go": "c", "README": "d", "sub/deep/x.go": "e", "sub/COPYING": "f", "other/LICENCE": "g",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(module, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(module, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		about, dir string
		want       []string
	}{
		{"the module's own", "", []string{"LICENSE", "NOTICE.txt"}},
		{"a package's besides", "sub/deep", []string{"sub/COPYING", "LICENSE", "NOTICE.txt"}},
	} {
		got, err := linked{"m", module, filepath.Join(module, c.dir)}.licenseFiles()
		for i := range got {
			got[i], _ = filepath.Rel(module, got[i])
		}
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %q %v, want %q", c.about, got, err, c.want)
		}
	}
	bare := t.TempDir()
	if _, err := (linked{"m", bare, bare}).licenseFiles(); err == nil || !strings.Contains(err.Error(), "no license of m") {
		t.Errorf("a module without a license: %v", err)
	}
}

func TestTidy(t *testing.T) {
	if got := tidy("\n a \t\r\nb\n\n"); got != " a\nb" {
		t.Errorf("%q", got)
	}
}
