package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestUpToDate: the files are those that `make schemas` writes.
func TestUpToDate(t *testing.T) {
	if testing.Short() {
		t.Skip("downloads the modules that have the schemas")
	}
	for path, read := range files {
		b, err := read(moduleDir)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		encoded, err := b.encode()
		if err != nil {
			t.Fatal(err)
		}
		file, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(path)))
		if err != nil {
			t.Fatal(err)
		}
		// Versions of Go may compress differently.
		if !bytes.Equal(decompressed(t, encoded), decompressed(t, file)) {
			t.Errorf("%s is out of date: run make schemas", path)
		}
	}
}

func decompressed(t *testing.T, data []byte) []byte {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestVersions: the schemas are those of the versions that the lab builds.
func TestVersions(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "..", "lab", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []module{kubernetes, certManager, istio, gatewayAPI} {
		if !strings.Contains(string(data), "\t"+m.path+" "+m.version) {
			t.Errorf("lab/go.mod does not have %s %s", m.path, m.version)
		}
	}
}

// TestOptional: the definitions and fields of which this package knows something exist.
func TestOptional(t *testing.T) {
	if testing.Short() {
		t.Skip("downloads the modules that have the schemas")
	}
	dir, err := moduleDir(kubernetes)
	if err != nil {
		t.Fatal(err)
	}
	definitions, err := readDefinitions(filepath.Join(dir, "api", "openapi-spec", "v3"))
	if err != nil {
		t.Fatal(err)
	}
	for name, fields := range optional {
		required, _ := definitions[name]["required"].([]any)
		for _, field := range fields {
			found := false
			for _, r := range required {
				found = found || r == field
			}
			if !found {
				t.Errorf("%s does not require %s", name, field)
			}
		}
	}
	for name := range special {
		if definitions[name] == nil {
			t.Errorf("%s does not exist", name)
		}
	}
}
