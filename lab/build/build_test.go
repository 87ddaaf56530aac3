package build

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestLinkerFlagsStampBothPackages(t *testing.T) {
	flags, err := linkerFlags("v1.36.3")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"k8s.io/component-base/version.gitVersion=v1.36.3", "k8s.io/client-go/pkg/version.gitVersion=v1.36.3",
		"k8s.io/component-base/version.gitMajor=1", "k8s.io/component-base/version.gitMinor=36",
	} {
		if !strings.Contains(flags, "-X "+want) {
			t.Errorf("no %s in %s", want, flags)
		}
	}
	if _, err := linkerFlags("master"); err == nil {
		t.Error("took master for a version")
	}
}

func TestFind(t *testing.T) {
	here, err := Find("..")
	if err != nil {
		t.Fatal(err)
	}
	if found, err := Find(""); err != nil || found.Dir != here.Dir {
		t.Errorf("from here: %+v %v", found, err)
	}
	if _, err := Find(t.TempDir()); err == nil {
		t.Error("took an empty directory for the module")
	}
}

func TestMissingCountsWholeProgramsOnly(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "kwok"), nil, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, ".etcd.next"), nil, 0o755); err != nil {
		t.Fatal(err)
	}
	list, err := missing(dir)
	if err != nil || len(list) != len(Programs())-1 {
		t.Errorf("%v %v", list, err)
	}
	for _, p := range list {
		if p.Name == "kwok" {
			t.Error("kwok is there")
		}
	}
}

func TestModuleDirAndVersion(t *testing.T) {
	src, err := Find("..")
	if err != nil {
		t.Fatal(err)
	}
	dir, err := src.ModuleDir("sigs.k8s.io/kwok")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "kustomize", "stage")); err != nil {
		t.Error(err)
	}
	if _, err := src.ModuleDir("example.com/none"); err == nil {
		t.Error("found a module that isn't in go.mod")
	}
	if v, err := src.Version("k8s.io/kubernetes"); err != nil || !strings.HasPrefix(v, "v1.") {
		t.Errorf("%q %v", v, err)
	}
}

func TestPruneRemovesOldProgramsOnly(t *testing.T) {
	cache := t.TempDir()
	now := time.Now()
	for name, age := range map[string]time.Duration{
		"aaaaaaaaaaaaaaaa": 0, "bbbbbbbbbbbbbbbb": 15 * 24 * time.Hour, "cccccccccccccccc": time.Hour, "notes": 365 * 24 * time.Hour,
	} {
		dir := filepath.Join(cache, name)
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(dir, now.Add(-age), now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	prune(filepath.Join(cache, "aaaaaaaaaaaaaaaa"), now)
	for name, want := range map[string]bool{"aaaaaaaaaaaaaaaa": true, "bbbbbbbbbbbbbbbb": false, "cccccccccccccccc": true, "notes": true} {
		if _, err := os.Stat(filepath.Join(cache, name)); (err == nil) != want {
			t.Errorf("%s: there is %v, want %v", name, err == nil, want)
		}
	}
}
