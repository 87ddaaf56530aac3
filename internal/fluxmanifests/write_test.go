package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/flux/release"
)

func TestByRelease(t *testing.T) {
	all := byRelease(map[string][]byte{
		"config/data/flux/v2.9.5/rbac.yaml":       []byte("a"),
		"config/data/flux/v2.9.5/nested/x.yaml":   nil,
		"config/data/flux/VERSION.yaml":           nil,
		"config/data/flux-images/v2.9.5/all.yaml": nil,
	}, assetsDirectory)
	if len(all) != 1 || len(all["v2.9.5"]) != 1 || string(all["v2.9.5"]["rbac.yaml"]) != "a" {
		t.Errorf("%v", all)
	}
}

// TestReleases compares the releases of this command with those that are built in.
func TestReleases(t *testing.T) {
	if built := release.Versions(); !slices.Equal(built, releases) {
		t.Errorf("the program has %q, the command writes %q: run make flux-manifests", built, releases)
	}
}

// TestWrite writes what is built in again: the checksums are the same, and the archives do not
// depend on when they are written.
func TestWrite(t *testing.T) {
	all := map[string]bundle{}
	for _, version := range releases {
		files, err := release.Bundle(version)
		if err != nil {
			t.Fatal(err)
		}
		all[version] = files
	}
	first, second := t.TempDir(), t.TempDir()
	for _, directory := range []string{first, second} {
		if err := write(directory, releases, all); err != nil {
			t.Fatal(err)
		}
	}
	for _, version := range releases {
		if a, b := readFile(t, first, version+".tar.gz"), readFile(t, second, version+".tar.gz"); !bytes.Equal(a, b) {
			t.Errorf("two archives of %s differ", version)
		}
	}
	if got, want := readFile(t, first, "SHA256SUMS"), readFile(t, filepath.FromSlash("../../"+destination), "SHA256SUMS"); !bytes.Equal(got, want) {
		t.Errorf("the checksums are\n%s\nwant\n%s", got, want)
	}
}

func readFile(t *testing.T, directory, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(directory, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestServedOfABundle compares the versions read from a bundle with the table.
func TestServedOfABundle(t *testing.T) {
	files, err := release.Bundle("v2.7.5")
	if err != nil {
		t.Fatal(err)
	}
	if err := compareServed(map[string]bundle{"v2.7.5": files}); err != nil {
		t.Error(err)
	}
	if err := compareServed(map[string]bundle{"v2.8.8": files}); err == nil {
		t.Error("the CRDs of 2.7.5 are those of 2.8 in the table")
	}
}
