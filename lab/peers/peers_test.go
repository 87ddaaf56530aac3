package peers

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFindInPath(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"Orthanc", "haproxy"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir)
	p, err := Find()
	if err != nil || p.Orthanc != filepath.Join(dir, "Orthanc") || p.HAProxy != filepath.Join(dir, "haproxy") {
		t.Errorf("%+v %v", p, err)
	}
}

func TestFindReportsPackages(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	debian = t.TempDir()
	defer func() { debian = "/usr/sbin" }()
	_, err := Find()
	if err == nil || !strings.Contains(err.Error(), "Orthanc and haproxy") || !strings.Contains(err.Error(), "apt-get install orthanc haproxy") {
		t.Errorf("%v", err)
	}
}

func TestOrthancConfiguration(t *testing.T) {
	data, err := OrthancConfiguration("/lab/orthanc-bhs")
	if err != nil || !json.Valid(data) {
		t.Fatalf("%s %v", data, err)
	}
	golden(t, "orthanc", string(data))
}
