package korthweb

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/chart/common"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	kubefake "helm.sh/helm/v4/pkg/kube/fake"
	release "helm.sh/helm/v4/pkg/release/v1"
	"helm.sh/helm/v4/pkg/storage"
	"helm.sh/helm/v4/pkg/storage/driver"
)

// TestHelmRenders renders the charts of the product's tests with Helm's own installation, and
// compares the result with the file "want", with which those tests compare theirs.
func TestHelmRenders(t *testing.T) {
	archives, err := filepath.Glob("../../pkg/tree/chart/testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatal(archives, err)
	}
	for _, name := range archives {
		t.Run(filepath.Base(name), func(t *testing.T) {
			parsed, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			var want string
			for _, f := range parsed.Files {
				if f.Name == "want" {
					want = string(f.Data)
				}
			}
			got := install(t, parsed)
			if *update {
				parsed.Files = slices.DeleteFunc(parsed.Files, func(f txtar.File) bool { return f.Name == "want" })
				parsed.Files = append(parsed.Files, txtar.File{Name: "want", Data: []byte(got)})
				if err := os.WriteFile(name, txtar.Format(parsed), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != want {
				t.Errorf("Helm renders\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// install is what an installation without a cluster renders: the manifests, then the hooks.
func install(t *testing.T, parsed *txtar.Archive) string {
	t.Helper()
	var r struct {
		Name, Namespace, Kubernetes string
		APIVersions                 []string
		Values                      map[string]any
	}
	for _, f := range parsed.Files {
		if f.Name == "release.json" {
			if err := json.Unmarshal(f.Data, &r); err != nil {
				t.Fatal(err)
			}
		}
	}
	config := action.NewConfiguration()
	config.Releases = storage.Init(driver.NewMemory())
	config.KubeClient = &kubefake.PrintingKubeClient{Out: io.Discard}
	client := action.NewInstall(config)
	client.DryRunStrategy, client.ReleaseName, client.Namespace = action.DryRunClient, r.Name, r.Namespace
	client.APIVersions = r.APIVersions
	version, err := common.ParseKubeVersion("v" + r.Kubernetes + ".0")
	if err != nil {
		t.Fatal(err)
	}
	client.KubeVersion = version
	got, err := client.Run(chartOf(t, parsed), r.Values)
	if err != nil {
		t.Fatal(err)
	}
	installed := got.(*release.Release)
	var b strings.Builder
	for line := range strings.Lines(installed.Manifest) {
		if !strings.HasPrefix(line, "# Source: ") {
			b.WriteString(line)
		}
	}
	for _, hook := range installed.Hooks {
		var events []string
		for _, event := range hook.Events {
			events = append(events, event.String())
		}
		fmt.Fprintf(&b, "--- %s\n%s\n", strings.Join(events, ","), hook.Manifest)
	}
	return b.String()
}

// chartOf is the chart in charts/app.
func chartOf(t *testing.T, parsed *txtar.Archive) *chart.Chart {
	t.Helper()
	dir := t.TempDir()
	for _, f := range parsed.Files {
		file := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	loaded, err := loader.Load(filepath.Join(dir, "charts/app"))
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}
