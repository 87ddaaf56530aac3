package korthweb

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"time"

	"helm.sh/helm/v4/pkg/chart/loader/archive"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	repo "helm.sh/helm/v4/pkg/repo/v1"
)

// chartsRoot has a folder for each repository, which has a folder for each chart.
const chartsRoot = "charts"

//go:embed all:charts
var chartFiles embed.FS

// chartCRDs are the definitions that a chart takes from a pinned module instead of from its own
// folder. They become crds/, which Helm installs and waits for before it renders the templates;
// the real cert-manager chart has them among its templates.
var chartCRDs = map[string]crdSource{
	"istio/base": {
		module: "istio.io/api",
		glob:   "kubernetes/customresourcedefinitions.gen.yaml",
		// These are the groups that the tree uses: the other two would only slow down the API
		// server.
		groups: []string{"networking.istio.io", "security.istio.io"},
	},
	"jetstack/cert-manager": {
		module: "github.com/cert-manager/cert-manager",
		glob:   "deploy/crds/*.yaml",
	},
}

// chartTime is the time of every file in a package, and the time of Korthweb's snapshot:
// packaging twice creates the same archives.
var chartTime = time.Date(2025, time.January, 1, 0, 0, 0, 0, time.UTC)

// PackageCharts writes a folder for each Helm repository that upstream's
// gitops/infrastructure/sources names to dir, with the charts and an index.yaml.
func PackageCharts(dir string, moduleDir ModuleDir) error {
	repositories, err := chartFiles.ReadDir(chartsRoot)
	if err != nil {
		return err
	}
	for _, r := range repositories {
		if err := packageRepository(filepath.Join(dir, r.Name()), r.Name(), moduleDir); err != nil {
			return fmt.Errorf("helm repository %s: %w", r.Name(), err)
		}
	}
	return nil
}

func packageRepository(dir, repository string, moduleDir ModuleDir) error {
	charts, err := chartFiles.ReadDir(path.Join(chartsRoot, repository))
	if err != nil {
		return err
	}
	for _, c := range charts {
		loaded, err := loadChart(repository+"/"+c.Name(), moduleDir)
		if err != nil {
			return err
		}
		if _, err := chartutil.Save(loaded, dir); err != nil {
			return err
		}
	}
	// Without a base URL the entries are relative to the index.
	index, err := repo.IndexDirectory(dir, "")
	if err != nil {
		return err
	}
	index.SortEntries()
	return index.WriteFile(filepath.Join(dir, "index.yaml"), 0o644)
}

// loadChart reads a chart by "repository/chart", with its CRDs.
func loadChart(name string, moduleDir ModuleDir) (*chart.Chart, error) {
	root := path.Join(chartsRoot, name)
	var files []*archive.BufferedFile
	add := func(file string, data []byte) {
		files = append(files, &archive.BufferedFile{Name: file, ModTime: chartTime, Data: data})
	}
	err := fs.WalkDir(chartFiles, root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := chartFiles.ReadFile(file)
		if err != nil {
			return err
		}
		add(strings.TrimPrefix(file, root+"/"), data)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if source, ok := chartCRDs[name]; ok {
		crds, err := source.read(moduleDir)
		if err != nil {
			return nil, err
		}
		data, err := encodeAll(crds)
		if err != nil {
			return nil, err
		}
		add("crds/crds.yaml", data)
	}
	return loader.LoadFiles(files)
}
