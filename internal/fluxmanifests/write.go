package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// bundle is the files of one release's manifests.tar.gz, by name.
type bundle map[string][]byte

// byRelease returns the bundles in a directory, which has one directory for each release.
func byRelease(files map[string][]byte, directory string) map[string]bundle {
	all := map[string]bundle{}
	for path, data := range files {
		rest, ok := strings.CutPrefix(path, directory+"/")
		release, name, nested := strings.Cut(rest, "/")
		if !ok || !nested || strings.Contains(name, "/") {
			continue
		}
		if all[release] == nil {
			all[release] = bundle{}
		}
		all[release][name] = data
	}
	return all
}

// write writes an archive for each release, and the checksums of the files in them.
func write(directory string, releases []string, all map[string]bundle) error {
	var sums strings.Builder
	for _, release := range slices.Sorted(slices.Values(releases)) {
		packed, err := all[release].pack()
		if err != nil {
			return fmt.Errorf("packing the manifests of Flux %s: %w", release, err)
		}
		if err := os.WriteFile(filepath.Join(directory, release+".tar.gz"), packed, 0o644); err != nil {
			return err
		}
		for _, name := range slices.Sorted(maps.Keys(all[release])) {
			fmt.Fprintf(&sums, "%x  %s/%s\n", sha256.Sum256(all[release][name]), release, name)
		}
	}
	return os.WriteFile(filepath.Join(directory, "SHA256SUMS"), []byte(sums.String()), 0o644)
}

// pack returns the files as a tar.gz without times and owners: the same files give the same
// bytes.
func (b bundle) pack() ([]byte, error) {
	var out bytes.Buffer
	compressed, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	archive := tar.NewWriter(compressed)
	for _, name := range slices.Sorted(maps.Keys(b)) {
		if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(b[name])), Format: tar.FormatUSTAR}); err != nil {
			return nil, err
		}
		if _, err := archive.Write(b[name]); err != nil {
			return nil, err
		}
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	if err := compressed.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
