package korthweb

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v4/pkg/chart/common"
	commonutil "helm.sh/helm/v4/pkg/chart/common/util"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
	repo "helm.sh/helm/v4/pkg/repo/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// platform is every layer with the objects that its HelmReleases install.
type platform struct {
	layers   map[string]unstructured.Unstructured
	applied  map[string][]*unstructured.Unstructured // by layer
	released map[string][]*unstructured.Unstructured // by "layer namespace/HelmRelease"
}

func testPlatform(t *testing.T) platform {
	t.Helper()
	dir := t.TempDir()
	if err := PackageCharts(dir, testModuleDir); err != nil {
		t.Fatal(err)
	}
	files := testTree(t, testValues)
	p := platform{
		layers:   layers(t, files),
		applied:  map[string][]*unstructured.Unstructured{},
		released: map[string][]*unstructured.Unstructured{},
	}
	repositories := map[string]string{} // folder by HelmRepository
	for name, layer := range p.layers {
		p.applied[name] = buildLayer(t, files, layer)
		for _, object := range p.applied[name] {
			if object.GetKind() == "HelmRepository" {
				url, _, _ := unstructured.NestedString(object.Object, "spec", "url")
				repositories[object.GetName()] = filepath.Join(dir, strings.TrimPrefix(url, testValues.HelmURL+"/"))
			}
		}
	}
	// The second pass is necessary because the releases of one layer refer to the repositories
	// of another.
	for name, objects := range p.applied {
		for _, object := range objects {
			if object.GetKind() == "HelmRelease" {
				key := name + " " + object.GetNamespace() + "/" + object.GetName()
				p.released[key] = render(t, object, repositories)
			}
		}
	}
	return p
}

// render renders a release as helm-controller does: the chart of that name and version from its
// repository's index, with the release's values.
func render(t *testing.T, release *unstructured.Unstructured, repositories map[string]string) []*unstructured.Unstructured {
	t.Helper()
	text := func(fields ...string) string {
		s, _, _ := unstructured.NestedString(release.Object, fields...)
		return s
	}
	spec := []string{"spec", "chart", "spec"}
	c := loadIndexed(t, repositories[text(append(spec, "sourceRef", "name")...)],
		text(append(spec, "chart")...), text(append(spec, "version")...))
	values, _, _ := unstructured.NestedMap(release.Object, "spec", "values")
	options := common.ReleaseOptions{Name: text("spec", "releaseName"), Namespace: release.GetNamespace(), Revision: 1, IsInstall: true}
	top, err := commonutil.ToRenderValues(c, values, options, nil)
	if err != nil {
		t.Fatal(err)
	}
	manifests, err := engine.Engine{Strict: true}.Render(c, top)
	if err != nil {
		t.Fatalf("%s: %v", ref(release), err)
	}
	var objects []*unstructured.Unstructured
	for _, crd := range c.CRDObjects() {
		objects = append(objects, decode(t, crd.File.Data)...)
	}
	for _, name := range slices.Sorted(maps.Keys(manifests)) {
		if !strings.HasPrefix(filepath.Base(name), "_") {
			objects = append(objects, decode(t, []byte(manifests[name]))...)
		}
	}
	return objects
}

func loadIndexed(t *testing.T, dir, name, version string) *chart.Chart {
	t.Helper()
	index, err := repo.LoadIndexFile(filepath.Join(dir, "index.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	entry, err := index.Get(name, version)
	if err != nil {
		t.Fatalf("%s %s: %v", name, version, err)
	}
	c, err := loader.Load(filepath.Join(dir, entry.URLs[0]))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestReleases(t *testing.T) {
	for key, objects := range testPlatform(t).released {
		_, name, _ := strings.Cut(key, " ")
		golden(t, "releases/"+strings.ReplaceAll(name, "/", "_")+".txt", refs(objects))
		for _, object := range objects {
			checkStrict(t, object)
		}
	}
}

// TestHealthChecksNameRealObjects checks that the objects of all health checks exist: a layer
// would wait forever for a missing one.
func TestHealthChecksNameRealObjects(t *testing.T) {
	p := testPlatform(t)
	for name, layer := range p.layers {
		objects := slices.Clone(p.applied[name])
		for key, released := range p.released {
			if strings.HasPrefix(key, name+" ") {
				objects = append(objects, released...)
			}
		}
		made := refs(objects)
		for _, check := range healthChecks(layer) {
			if !slices.Contains(made, ref(check)) {
				t.Errorf("%s checks %s, which neither it nor its releases make", name, ref(check))
			}
		}
	}
}

func TestPackagingIsStable(t *testing.T) {
	a, b := t.TempDir(), t.TempDir()
	for _, dir := range []string{a, b} {
		if err := PackageCharts(dir, testModuleDir); err != nil {
			t.Fatal(err)
		}
	}
	first := digests(t, a)
	if len(first) != 7 {
		t.Errorf("%d charts packaged, want 7: %v", len(first), first)
	}
	if second := digests(t, b); !maps.Equal(first, second) {
		t.Errorf("packaged twice:\n%v\n%v", first, second)
	}
}

func digests(t *testing.T, dir string) map[string]string {
	t.Helper()
	indexes, err := filepath.Glob(filepath.Join(dir, "*", "index.yaml"))
	if err != nil || len(indexes) != 5 {
		t.Fatalf("indexes %v, error %v; want 5 repositories", indexes, err)
	}
	found := map[string]string{}
	for _, path := range indexes {
		index, err := repo.LoadIndexFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for name, versions := range index.Entries {
			found[name] = versions[0].Digest
			for _, file := range loadIndexed(t, filepath.Dir(path), name, versions[0].Version).Raw {
				if !file.ModTime.Equal(chartTime) {
					t.Errorf("chart %s: %s is of %s, so no two packages are alike", name, file.Name, file.ModTime)
				}
			}
		}
	}
	return found
}
