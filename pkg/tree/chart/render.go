package chart

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"unsafe"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/loader/archive"
	helmchart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/engine"
	releaseutil "helm.sh/helm/v4/pkg/release/v1/util"
	k8sversion "k8s.io/apimachinery/pkg/util/version"
)

// maxObjects is the number of manifests of a release.
const maxObjects = 2000

// notes is the end of the names of files that Helm shows to the user.
const notes = "NOTES.txt"

// rendering renders one release.
type rendering struct {
	files   []File
	local   map[string][]File
	release *Release
	// variant selects the random values, and random says that there are some.
	variant int
	random  bool
	unsure  bool
	// origins are the paths in the tree of files of the chart, by their contents.
	origins map[*byte]string
	// paths are the paths in the tree of the files that Helm names, such as
	// "app/charts/db/templates/pod.yaml".
	paths map[string]string
}

// render renders a release, as Install.RunWithContext in helm.sh/helm/v4 v4.2.4, pkg/action. If
// templates use random values, it renders twice, so that they are known.
func render(files []File, local map[string][]File, release *Release) (*Result, *Error) {
	first := &rendering{files: files, local: local, release: release, variant: 1}
	result, err := first.run()
	if err == nil && first.random {
		second := &rendering{files: files, local: local, release: release, variant: 2}
		var other *Result
		if other, err = second.run(); err == nil {
			err = result.compare(other)
		}
	}
	if err != nil {
		failed := first.explain(err)
		if first.unsure && failed.Reason == Failed { // in the cluster, it may find what it looks for
			failed.Reason = Incomplete
		}
		return nil, failed
	}
	return result, nil
}

// compare notes how manifests differ from those with other random values.
func (r *Result) compare(other *Result) error {
	if len(r.Manifests) != len(other.Manifests) {
		return problem(Incomplete, "which objects the chart has depends on random values")
	}
	for i := range r.Manifests {
		if m := other.Manifests[i]; m.Text != r.Manifests[i].Text {
			r.Manifests[i].Other = m.Text
		}
	}
	return nil
}

func (r *rendering) run() (result *Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	chart, err := r.load()
	if err != nil {
		return nil, err
	}
	values, err := compose(r.release)
	if err != nil {
		return nil, err
	}
	if err := chartutil.ProcessDependencies(chart, values); err != nil {
		return nil, fmt.Errorf("chart dependencies processing failed: %w", err)
	}
	if err := missingDependency(chart); err != nil {
		return nil, err
	}
	r.findPaths(chart)
	top, err := r.topLevel(chart, values)
	if err != nil {
		return nil, err
	}
	texts, err := engine.Engine{CustomTemplateFuncs: r.functions()}.Render(chart, top)
	if err != nil {
		return nil, err
	}
	return r.sort(chart, texts)
}

// load loads the chart, with the values files in place of its values.
func (r *rendering) load() (*helmchart.Chart, error) {
	r.origins = map[*byte]string{}
	var chart *helmchart.Chart
	var err error
	if len(r.files) == 1 && r.files[0].Name == "" {
		chart, err = loader.LoadArchive(bytes.NewReader(r.files[0].Data))
	} else if chart, err = loader.LoadFiles(r.buffered(r.files)); err == nil {
		err = r.addLocal(chart)
	}
	if err != nil {
		return nil, err
	}
	return chart, r.replaceValues(chart)
}

// buffered are files as Helm reads them. Their contents identify them afterwards.
func (r *rendering) buffered(files []File) []*archive.BufferedFile {
	var all []*archive.BufferedFile
	for _, f := range files {
		data := bytes.Clone(f.Data)
		if len(data) > 0 {
			r.origins[unsafe.SliceData(data)] = f.Path
		}
		all = append(all, &archive.BufferedFile{Name: f.Name, Data: data})
	}
	return all
}

// replaceValues replaces the values of a chart by those of files.
func (r *rendering) replaceValues(chart *helmchart.Chart) error {
	if len(r.release.Files) == 0 {
		return nil
	}
	merged := map[string]any{}
	for _, f := range r.release.Files {
		values, err := parseValues(f.Data)
		if err != nil {
			return fmt.Errorf("the values file %s is not valid: %w", f.Name, err)
		}
		merged = loader.MergeMaps(merged, values)
	}
	chart.Values = merged
	return nil
}

// addLocal adds dependencies that are directories beside the chart. Source: DependencyManager in
// source-controller v1.9.5, internal/helm/chart/dependency_manager.go.
func (r *rendering) addLocal(chart *helmchart.Chart) error {
	required := chart.Metadata.Dependencies
	if chart.Lock != nil {
		required = chart.Lock.Dependencies
	}
	if len(chart.Dependencies()) == len(required) {
		return nil
	}
	for _, d := range required {
		files := r.local[d.Repository]
		if files == nil || slices.ContainsFunc(chart.Dependencies(), func(c *helmchart.Chart) bool { return c.Name() == nameOf(d) }) {
			continue
		}
		added, err := loader.LoadFiles(r.buffered(files))
		if err != nil {
			return fmt.Errorf("the dependency %s: %w", d.Name, err)
		}
		if !chartutil.IsCompatibleRange(d.Version, added.Metadata.Version) {
			return fmt.Errorf("the dependency %s has version %s, but %s is required", d.Name, added.Metadata.Version, d.Version)
		}
		chart.AddDependency(added)
	}
	return nil
}

func nameOf(d *helmchart.Dependency) string {
	if d.Alias != "" {
		return d.Alias
	}
	return d.Name
}

// missingDependency is the error about a dependency that source-controller would download.
func missingDependency(chart *helmchart.Chart) error {
	for _, d := range chart.Metadata.Dependencies {
		if d == nil || slices.ContainsFunc(chart.Dependencies(), func(c *helmchart.Chart) bool { return c.Name() == d.Name || c.Name() == d.Alias }) {
			continue
		}
		if strings.Contains(d.Repository, "://") && !strings.HasPrefix(d.Repository, "file://") {
			return problem(Incomplete, "the chart %s depends on the chart %s of %s, which was not downloaded", chart.Name(), d.Name, d.Repository)
		}
		return fmt.Errorf("the chart %s depends on the chart %s, which is not in charts/", chart.Name(), d.Name)
	}
	return nil
}

// findPaths finds the paths in the tree of what Helm names.
func (r *rendering) findPaths(chart *helmchart.Chart) {
	r.paths = map[string]string{}
	var add func(c *helmchart.Chart, archive string)
	add = func(c *helmchart.Chart, archive string) {
		for _, f := range slices.Concat(c.Templates, c.Files) {
			origin := archive // or an empty file
			if len(f.Data) > 0 && r.origins[unsafe.SliceData(f.Data)] != "" {
				origin = r.origins[unsafe.SliceData(f.Data)]
			}
			r.paths[path.Join(c.ChartFullPath(), f.Name)] = origin
		}
		for _, d := range c.Dependencies() {
			add(d, r.archiveOf(d.Name(), archive))
		}
	}
	add(chart, r.files[0].Path)
}

// archiveOf is the archive in charts/ that may have a dependency, or another path.
func (r *rendering) archiveOf(name, otherwise string) string {
	for _, f := range r.files {
		base, ok := strings.CutPrefix(f.Name, "charts/"+name)
		if ok && strings.HasSuffix(base, ".tgz") && !strings.Contains(base, "/") {
			return f.Path
		}
	}
	return otherwise
}

// topLevel are the values of templates: .Values, .Release, .Chart and .Capabilities.
func (r *rendering) topLevel(chart *helmchart.Chart, values map[string]any) (common.Values, error) {
	parsed, err := k8sversion.ParseGeneric(r.release.Kubernetes)
	if err != nil {
		return nil, err
	}
	version, err := common.ParseKubeVersion(fmt.Sprintf("v%d.%d.%d", parsed.Major(), parsed.Minor(), parsed.Patch()))
	if err != nil {
		return nil, err
	}
	options := common.ReleaseOptions{Name: r.release.Name, Namespace: r.release.Namespace, Revision: 1, IsInstall: true}
	capabilities := &common.Capabilities{KubeVersion: *version, APIVersions: r.release.APIVersions, HelmVersion: common.DefaultCapabilities.HelmVersion}
	top, err := util.ToRenderValuesWithSchemaValidation(chart, values, options, capabilities, true)
	if err != nil {
		return nil, err
	}
	if !r.release.SkipSchema {
		if err := validate(chart, top["Values"]); err != nil {
			return nil, err
		}
	}
	if required := chart.Metadata.KubeVersion; required != "" && !chartutil.IsCompatibleRange(required, version.String()) {
		return nil, fmt.Errorf("the chart requires Kubernetes %s, which %s is not", required, version)
	}
	top["Capabilities"] = r.capabilities(capabilities)
	return top, nil
}

// sort separates hooks from other manifests, and adds those of the directories crds.
func (r *rendering) sort(chart *helmchart.Chart, texts map[string]string) (*Result, error) {
	size := 0
	for name, text := range texts {
		if strings.HasSuffix(name, notes) {
			delete(texts, name)
			continue
		}
		size += len(text)
	}
	crds := chart.CRDObjects()
	for _, crd := range crds {
		size += len(crd.File.Data)
	}
	if size > maxOutput {
		return nil, problem(Limited, "the chart renders more than %d MiB", maxOutput>>20)
	}
	hooks, manifests, err := releaseutil.SortManifests(texts, nil, releaseutil.InstallOrder)
	if err != nil {
		return nil, err
	}
	result := &Result{Unsure: r.unsure}
	for _, crd := range crds {
		result.Manifests = append(result.Manifests, Manifest{Path: r.paths[path.Clean(strings.ReplaceAll(crd.Filename, "\\", "/"))], Text: string(crd.File.Data), Definition: true})
	}
	for _, m := range manifests {
		result.Manifests = append(result.Manifests, Manifest{Path: r.paths[m.Name], Text: m.Content})
	}
	for _, h := range hooks {
		hook := Manifest{Path: r.paths[h.Path], Text: h.Manifest}
		for _, event := range h.Events {
			hook.Hooks = append(hook.Hooks, string(event))
		}
		result.Manifests = append(result.Manifests, hook)
	}
	if len(result.Manifests) > maxObjects {
		return nil, problem(Limited, "the chart renders more than %d objects", maxObjects)
	}
	return result, nil
}

// explain is an error as an *Error, with the position that Helm names.
func (r *rendering) explain(err error) *Error {
	if known := (*Error)(nil); errors.As(err, &known) {
		return known
	}
	at, message := locate(err.Error(), r.paths)
	return &Error{Reason: Failed, At: at, Message: message}
}
