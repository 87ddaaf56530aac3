package version

import (
	"runtime/debug"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/manifest"
)

func TestFindFlux(t *testing.T) {
	for _, c := range []struct {
		about, deployments, want, warns string
		controllers                     map[string]string
	}{
		{"installed by flux", flux("a", "v2.9.5", "ghcr.io/fluxcd/a:v1.9.5"), "v2.9.5", "", map[string]string{"a": "v1.9.5"}},
		{"an image by its digest, of a registry with a port", flux("a", "v2.9.5", "r:5000/a:v1@sha256:00"), "v2.9.5", "", map[string]string{"a": "v1"}},
		{"half upgraded", flux("a", "v2.8.0", "a") + flux("b", "v2.9.5", "b:1"), "v2.8.0, v2.9.5", "components of several versions", map[string]string{"a": "", "b": "1"}},
		{"newer than what is known", flux("a", "v2.10.0", "a:1"), "v2.10.0", "newer than v2.9", map[string]string{"a": "1"}},
		{"no version in the labels", flux("a", "", "a:1"), "none in the namespace flux-system", "", map[string]string{"a": "1"}},
		{"something else in its namespace", strings.ReplaceAll(flux("a", "v2.9.5", "a:1"), "part-of: flux", "part-of: else"), "none in the namespace flux-system", "", nil},
	} {
		snap, err := manifest.ReadObjects([]manifest.File{{Name: "objects.yaml", Content: strings.NewReader(c.deployments)}}, manifest.ObjectsOptions{
			Complete: true})
		if err != nil {
			t.Fatalf("%s: %v", c.about, err)
		}
		got := findFlux(snap)
		if got.String() != c.want || len(got.Controllers) != len(c.controllers) {
			t.Errorf("%s: %s %v, want %s %v", c.about, got, got.Controllers, c.want, c.controllers)
		}
		for name, tag := range c.controllers {
			if got.Controllers[name] != tag {
				t.Errorf("%s: the tag of %s is %q, want %q", c.about, name, got.Controllers[name], tag)
			}
		}
		if skew := strings.Join(got.skew(), "\n"); (skew != "") != (c.warns != "") || !strings.Contains(skew, c.warns) {
			t.Errorf("%s: warns %q, want %q", c.about, skew, c.warns)
		}
	}
}

// flux is a Deployment as `flux install` creates it.
func flux(name, version, image string) string {
	return strings.NewReplacer("NAME", name, "VERSION", version, "IMAGE", image).Replace(`---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: NAME
  namespace: flux-system
  labels: {app.kubernetes.io/part-of: flux, app.kubernetes.io/version: "VERSION"}
spec: {template: {spec: {containers: [{name: manager, image: "IMAGE"}]}}}
`)
}

func TestFluxThatMayNotBeRead(t *testing.T) {
	snap, err := manifest.ReadObjects([]manifest.File{{Name: "none.yaml", Content: strings.NewReader("apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n")}}, manifest.ObjectsOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got := findFlux(snap); !strings.HasPrefix(got.String(), "unknown: ") || got.Unknown == "" {
		t.Errorf("%q: what was not read is not absent", got)
	}
}

func TestBuilt(t *testing.T) {
	info := &debug.BuildInfo{
		Main:     debug.Module{Path: "example.com/it", Version: "v1.2.3"},
		Deps:     []*debug.Module{{Path: "k8s.io/api", Version: "v0.1.0"}, {Path: clientModule, Version: "v0.36.4"}},
		Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.time", Value: "2026-01-02T03:04:05Z"}},
	}
	got := built(info)
	if got.GitVersion != "v1.2.3" || got.GitCommit != "abc" || got.GitDate != "2026-01-02T03:04:05Z" || got.Module != "example.com/it" || got.Kubernetes != "v1.36.4" {
		t.Errorf("from the toolchain's record: %+v", got)
	}
	version, commit, date = "v9.0.0", "def", "2025-01-01T00:00:00Z"
	t.Cleanup(func() { version, commit, date = "", "", "" })
	if got := built(info); got.GitVersion != "v9.0.0" || got.GitCommit != "def" || got.GitDate != "2025-01-01T00:00:00Z" {
		t.Errorf("what the linker was told comes first: %+v", got)
	}
	version = ""
	if got := built(nil); got.GitVersion != "(devel)" {
		t.Errorf("without any record: %+v", got)
	}
}
