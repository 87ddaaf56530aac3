package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"strings"
)

// module is a version of a Go module.
type module struct {
	path, version string
	// sum is the expected checksum of its archive, empty if Go's checksum database is enough.
	sum string
}

// archive returns the path of the module's zip archive, which the Go command downloads. The
// archive of a module that needs a newer Go can be read, too.
func (m module) archive() (string, error) {
	var out bytes.Buffer
	download := exec.Command("go", "mod", "download", "-json", m.path+"@"+m.version)
	download.Stdout = &out
	failed := download.Run()
	var answer struct{ Zip, Sum, Error string }
	if err := json.Unmarshal(out.Bytes(), &answer); err != nil {
		return "", fmt.Errorf("downloading %s %s: %w", m.path, m.version, failed)
	}
	if answer.Zip == "" {
		return "", fmt.Errorf("downloading %s %s: %s", m.path, m.version, answer.Error)
	}
	if m.sum != "" && answer.Sum != m.sum {
		return "", fmt.Errorf("downloading %s %s: its checksum is %s, expected %s", m.path, m.version, answer.Sum, m.sum)
	}
	return answer.Zip, nil
}

// files returns the module's YAML files by their paths in the module.
func (m module) files() (map[string][]byte, error) {
	path, err := m.archive()
	if err != nil {
		return nil, err
	}
	archive, err := zip.OpenReader(path)
	if err != nil {
		return nil, fmt.Errorf("reading %s %s: %w", m.path, m.version, err)
	}
	defer archive.Close()
	files := map[string][]byte{}
	for _, file := range archive.File {
		name := strings.TrimPrefix(file.Name, m.path+"@"+m.version+"/")
		if !strings.HasSuffix(name, ".yaml") {
			continue
		}
		if files[name], err = content(file); err != nil {
			return nil, fmt.Errorf("reading %s of %s %s: %w", name, m.path, m.version, err)
		}
	}
	return files, nil
}

func content(file *zip.File) ([]byte, error) {
	in, err := file.Open()
	if err != nil {
		return nil, err
	}
	defer in.Close()
	return io.ReadAll(in)
}
